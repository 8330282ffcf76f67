//! The report of a push: its summary, outputs, warnings and error.

use jiff::Timestamp;
use sendoff_push::{Action, PushError, Pushed};

use crate::git::push::{BranchPushError, LocalCheckError};
use crate::names::{RemoteName, shell_word};
use crate::pipeline::{ErrorKind, Outcome, Outputs, PolicyChanged, Shipment, StepError};
use crate::policy::Refused;
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;
use crate::steps::pr_create::GoesOn;

use super::advice::advice;
use super::work::DestinationOutcome;

/// Further notes: on the `pre-push` hook, and on keys that do not count.
#[derive(Debug, Default)]
pub(super) struct PushNotes {
    pub(super) state: Option<&'static str>,
    pub(super) warnings: Vec<String>,
}

impl PushNotes {
    pub(super) fn warn(&mut self, state: &'static str, warning: String) {
        self.state = Some(state);
        self.warnings.push(warning);
    }

    fn tell(&self, outputs: &mut Outputs) {
        if let Some(state) = self.state {
            outputs.insert("hook".into(), state.into());
        }
        if !self.warnings.is_empty() {
            outputs.insert("warnings".into(), self.warnings.clone().into());
        }
    }
}

/// Makes the step's outcome from those of its destinations. One that refused makes it a failure.
pub(super) fn outcome(
    shipment: &Shipment,
    outcomes: Vec<DestinationOutcome>,
    hook: &PushNotes,
    now: Timestamp,
) -> Result<Outcome, StepError> {
    if let Some(refused) = outcomes.first().and_then(protected)
        && outcomes
            .iter()
            .all(|destination| protected(destination).is_some())
    {
        // A guard like the local one that needs the remote's answer.
        let reason = Reason::new(Code::ProtectedBranch, format!("not pushed: {refused}"));
        return Ok(Outcome::Skipped(
            reason.advise("work on a branch of your own: git switch -c NAME"),
        ));
    }
    if let Some(error) = partly(shipment, &outcomes, hook, now) {
        return Err(error);
    }
    if let Some(error) = unverified(&outcomes, hook) {
        return Err(error);
    }
    let mut outputs = Outputs::new();
    let mut summary = None;
    let mut also = Vec::new();
    for destination in outcomes {
        let Ok(pushed) = destination.pushed else {
            continue;
        };
        if summary.is_some() {
            also.push(destination.url.to_string());
            continue;
        }
        summary = Some(one_line(shipment, &pushed));
        describe(&mut outputs, &pushed);
        outputs.insert("url".into(), destination.url.without_login().into());
        if !destination.not_recorded.is_empty() {
            outputs.insert(
                "tracking".into(),
                destination.not_recorded.join("; ").into(),
            );
        }
    }
    let mut summary = summary.unwrap_or_default();
    if !also.is_empty() {
        summary = format!("{summary}, and at {}", also.join(", "));
        outputs.insert("also".into(), also.into());
    }
    hook.tell(&mut outputs);
    Ok(Outcome::Done { summary, outputs })
}

/// Makes the error of a push that a remote reported and does not show.
fn unverified(outcomes: &[DestinationOutcome], hook: &PushNotes) -> Option<StepError> {
    let said = outcomes
        .iter()
        .find_map(|destination| destination.unverified.as_ref())?;
    let mut told = StepError::new(ErrorKind::Transient, Code::Unverified, said.as_str()).advise(
        "it is asked and pushed again by itself; look at the remote when it stays so, its hooks may move branches",
    );
    hook.tell(&mut told.outputs);
    Some(told)
}

/// Returns why the permit did not hold, where the branch is protected.
fn protected(destination: &DestinationOutcome) -> Option<&Refused> {
    let refused = refused(destination.pushed.as_ref().err()?)?;
    matches!(refused, Refused::RemoteHead { .. } | Refused::Protected(_)).then_some(refused)
}

/// Returns why the permit did not hold.
fn refused(error: &BranchPushError) -> Option<&Refused> {
    not_confirmed(error)
}

/// Returns the error with which `confirm` ended the push, where it is of this type.
fn not_confirmed<E: std::error::Error + 'static>(error: &BranchPushError) -> Option<&E> {
    match error {
        BranchPushError::Push(PushError::NotConfirmed(said)) => said.downcast_ref(),
        _ => None,
    }
}

/// Makes the error of a push that a destination refused. The results at the other destinations are in the output
/// `arrived`.
fn partly(
    shipment: &Shipment,
    outcomes: &[DestinationOutcome],
    hook: &PushNotes,
    now: Timestamp,
) -> Option<StepError> {
    let known = &shipment.push_options.known;
    let mut told: Option<StepError> = None;
    let mut arrived = Vec::new();
    for DestinationOutcome { url, pushed, .. } in outcomes {
        let error = match pushed {
            Ok(pushed) => {
                let mut outputs = Outputs::new();
                outputs.insert("url".into(), url.to_string().into());
                describe(&mut outputs, pushed);
                arrived.push(outputs);
                continue;
            }
            Err(error) => error,
        };
        let mut next = step_error(error, &shipment.remote.name, known, now);
        if outcomes.len() > 1 {
            next.reason.message = format!("{url}: {next}");
        }
        match &mut told {
            // Class, advice and message are those of the first one that refused.
            Some(first) => first.reason.message = format!("{first}; {next}"),
            None => told = Some(next),
        }
    }
    let mut told = told?;
    if !arrived.is_empty() {
        told.outputs.insert("arrived".into(), arrived.into());
    }
    hook.tell(&mut told.outputs);
    Some(told)
}

fn describe(outputs: &mut Outputs, pushed: &Pushed) {
    outputs.insert("action".into(), pushed.action.as_str().into());
    outputs.insert("old".into(), pushed.old.map(|id| id.to_string()).into());
    outputs.insert("new".into(), pushed.new.to_string().into());
    outputs.insert("bytes".into(), pushed.bytes.into());
    outputs.insert("objects".into(), pushed.objects.into());
    if !pushed.messages.is_empty() {
        outputs.insert("messages".into(), pushed.messages.clone().into());
    }
}

fn one_line(shipment: &Shipment, pushed: &Pushed) -> String {
    let (branch, remote) = (&shipment.branch, &shipment.remote.name);
    let short = pushed.new.to_hex_with_len(8);
    match pushed.action {
        Action::UpToDate => format!("{remote} already has {branch} at {short}"),
        Action::Created => format!("{branch} is new on {remote}, at {short}"),
        Action::Updated => format!("{branch} on {remote} moved to {short}"),
        Action::Deleted => format!("{branch} is gone from {remote}"),
    }
}

/// Makes the step's error from the error of a push.
pub(super) fn step_error(
    error: &BranchPushError,
    remote: &RemoteName,
    known: &KnownSecrets,
    now: Timestamp,
) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    if let Some(unknown @ Refused::HeadUnknown { branch, .. }) = refused(error) {
        let reason = Reason::new(Code::RemoteHeadUnknown, format!("not pushed: {unknown}"));
        let advice = format!(
            "check that the remote can be fetched from, then run again; if its HEAD leads nowhere, it has to be set there; \
             or push by hand: git push {} {}",
            shell_word(remote.as_str()),
            shell_word(branch.as_str())
        );
        return StepError::for_reason(ErrorKind::Transient, reason.advise(advice));
    }
    if let Some(goes_on) = not_confirmed::<GoesOn>(error) {
        return goes_on.clone().into();
    }
    if let Some(changed) = not_confirmed::<PolicyChanged>(error) {
        return StepError::for_reason(ErrorKind::Transient, changed.reason());
    }
    if let Some(reason) = Reason::of_no_resources(error) {
        return StepError::for_reason(ErrorKind::Transient, reason);
    }
    let code = Code::named(error.class());
    let reason = Reason::new(code, error.summary(known)).advise_if(advice(error));
    let reason = reason.or_few_files();
    let kind = match reason.code {
        Code::NoResources => ErrorKind::Transient,
        _ => kind,
    };
    let mut told = StepError::for_reason(kind, reason);
    if let Some(wait) = error.retry_after() {
        told = told.not_before(now + wait);
    }
    let key = match error.local_check() {
        Some(LocalCheckError::HookDeclined { .. }) => "hook-output",
        _ => "messages",
    };
    if !error.messages().is_empty() {
        told.outputs.insert(key.into(), error.messages().into());
    }
    told
}
