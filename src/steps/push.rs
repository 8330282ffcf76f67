//! `push`: sends the current branch to its remote.

use std::sync::mpsc;

use async_trait::async_trait;
use futures_util::future::{Either, select};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::push::{Action, PushError, PushOrder, Pushed, push};
use crate::names::RemoteName;
use crate::pipeline::{
    Context, ErrorKind, Outcome, Outputs, Shipment, Step, StepDef, StepError, interruptible,
};
use crate::policy::RemoteFacts;

pub(super) const STEP: StepDef =
    StepDef::of::<Push>("push", "Sends the current branch to its remote.")
        .ships()
        .no_step_timeout()
        .waits_for_servers_only();

/// Send the current branch to its remote
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Push {
    /// The remote: `auto` (the branch's `pushRemote`, `remote.pushDefault`, the branch's remote,
    /// `origin`, the only one), or a name.
    pub(super) remote: RemoteChoice,
}

crate::classes!(Push { remote: D });

/// `auto`, or the name of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(super) enum RemoteChoice {
    /// As git would choose.
    #[default]
    Auto,
    /// This one.
    Named(RemoteName),
}

impl RemoteChoice {
    /// Returns the name, unless git's choice is asked for.
    pub(super) const fn name(&self) -> Option<&RemoteName> {
        match self {
            Self::Auto => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl TryFrom<String> for RemoteChoice {
    type Error = crate::names::RemoteNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "auto" {
            Ok(Self::Auto)
        } else {
            RemoteName::new(text).map(Self::Named)
        }
    }
}

impl From<RemoteChoice> for String {
    fn from(choice: RemoteChoice) -> Self {
        match choice {
            RemoteChoice::Auto => "auto".into(),
            RemoteChoice::Named(name) => name.into(),
        }
    }
}

#[async_trait(?Send)]
impl Step for Push {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let shipment = match cx.shipment {
            Ok(shipment) => shipment,
            Err(hold) => return hold.outcome(),
        };
        let Some(repo) = cx.repo else {
            return Ok(Outcome::skipped(
                "not-a-repository",
                "there is no repository here",
            ));
        };
        let (answer, asked) = mpsc::channel();
        let (repo, permit, remote) = (
            repo.clone(),
            shipment.permit.clone(),
            shipment.remote.clone(),
        );
        let now = cx.clock.now();
        let (new, options) = (shipment.head, shipment.push_options.clone());
        let progress = cx.progress.holding(cx.deadline);
        let pushing = interruptible(move |stop| {
            let order = PushOrder {
                permit: &permit,
                remote: &remote,
                new,
                options: &options,
                remote_facts: &|| asked.recv().unwrap_or_default(),
                progress: &progress,
                stop,
            };
            let pushed = push(&repo.thread_local(), &order)?;
            // The remote has the branch; a tracking ref that cannot be moved is no failure.
            let tracked = repo.update_tracking(&remote, permit.branch(), pushed.new, now);
            Ok::<_, PushError>((pushed, tracked.err().map(|error| error.to_string())))
        });
        // The remote's HEAD is asked for beside the handshake: it is needed at the last line before
        // the pack leaves, and not at all when there is nothing to send.
        let telling = async {
            let head = cx.remote_head.get().await.cloned();
            // The push may have ended already; then nobody needs the answer.
            let _ended = answer.send(RemoteFacts { head });
        };
        let pushed = match select(Box::pin(pushing), Box::pin(telling)).await {
            Either::Left((pushed, _)) => pushed,
            Either::Right(((), pushing)) => pushing.await,
        };
        let (pushed, untracked) = pushed?.map_err(|error| step_error(&error))?;
        Ok(outcome(shipment, &pushed, untracked))
    }
}

/// Puts a push in the words of the report.
fn outcome(shipment: &Shipment, pushed: &Pushed, untracked: Option<String>) -> Outcome {
    let mut outputs = Outputs::new();
    outputs.insert("action".into(), pushed.action.as_str().into());
    outputs.insert("old".into(), pushed.old.map(|id| id.to_string()).into());
    outputs.insert("new".into(), pushed.new.to_string().into());
    outputs.insert("bytes".into(), pushed.bytes.into());
    outputs.insert("objects".into(), pushed.objects.into());
    if !pushed.messages.is_empty() {
        outputs.insert("messages".into(), pushed.messages.clone().into());
    }
    if let Some(reason) = untracked {
        outputs.insert(
            "tracking".into(),
            format!("the tracking ref was not moved: {reason}").into(),
        );
    }
    let (branch, remote) = (&shipment.branch, &shipment.remote.name);
    let short = pushed.new.to_hex_with_len(8);
    let summary = match pushed.action {
        Action::UpToDate => format!("{remote} already has {branch} at {short}"),
        Action::Created => format!("{branch} is new on {remote}, at {short}"),
        Action::Updated => format!("{branch} on {remote} moved to {short}"),
    };
    Outcome::Done { summary, outputs }
}

fn step_error(error: &PushError) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    let mut told = StepError::new(kind, error.class(), error.summary());
    told.advice = error.advice();
    told
}
