//! The steps of `sendoff undo`, which are not in a policy: undoing a push, and closing a pull request.

use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use gix::ObjectId;
use sendoff_push::{Action, LastSeen, Progress, PushError, Pushed};

use crate::forge::Closed;
use crate::git::Repo;
use crate::git::push::{BranchPush, BranchPushError, LocalOptions, Promised};
use crate::names::shell_word;
use crate::pipeline::{
    Context, Destination, ErrorKind, Logins, Outcome, Outputs, Step, StepError, interruptible,
};
use crate::policy::RewindPermit;
use crate::reason::{Code, Reason};

use super::destinations::{destinations, question};
use super::record::PushRecord;
use super::words::step_error;

/// The name of the step that undoes a push.
pub const TAKE_BACK: &str = "push-undo";
/// The name of the step that closes a pull request.
pub const CLOSE: &str = "pr-close";

/// Undoes the push of a run, if the remote's branch is still exactly at what was pushed.
#[derive(Debug)]
pub struct TakeBack {
    /// What may be taken back at each destination of the shipment, in their order.
    pub permits: Vec<RewindPermit>,
}

/// Closes the pull request that a run opened.
#[derive(Debug)]
pub struct ClosePullRequest {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
}

#[async_trait(?Send)]
impl Step for TakeBack {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let (shipment, repo) = match cx.shipment_and_repo() {
            Ok(both) => both,
            Err(end) => return end,
        };
        let places = destinations(shipment, &LocalOptions::default(), false);
        let work = Work {
            repo: repo.clone(),
            places: places.into_iter().zip(self.permits.clone()).collect(),
            record: PushRecord::of(cx, repo, &shipment.branch),
            now: cx.clock.now(),
            logins: cx.logins.clone(),
        };
        let progress = cx.progress.suspending(cx.deadline);
        let done = interruptible(move |stop| work.take_all_back(&progress, stop)).await?;
        let mut outputs = Outputs::new();
        let mut lines = Vec::new();
        for (url, ended) in done {
            let ended = ended.map_err(|error| {
                let mut told =
                    step_error(&error, &shipment.remote.name, cx.secrets, cx.clock.now());
                if let BranchPushError::Push(PushError::LeaseBroken { branch, remote, .. }) = &error
                {
                    told.reason = moved(branch, remote, &error);
                }
                if self.permits.len() > 1 {
                    told.reason.message = format!("{url}: {told}");
                }
                told
            })?;
            let action = ended.pushed.action.as_str();
            outputs.insert("action".into(), action.into());
            outputs.insert("url".into(), url.into());
            lines.push(ended.line);
        }
        Ok(Outcome::Done {
            summary: lines.join("; "),
            outputs,
        })
    }
}

/// Says that a branch is not where the run left it.
fn moved(branch: &str, remote: &str, error: &BranchPushError) -> Reason {
    let message = format!("not taken back: {error}");
    Reason::new(Code::LeaseBroken, message).advise(format!(
        "a later push moved {branch}: undo a later run of yours first (`sendoff history`), or look at it with git fetch {} {}",
        shell_word(remote),
        shell_word(branch)
    ))
}

/// What is taken back at each destination, on a thread of its own.
struct Work {
    repo: Repo,
    places: Vec<(Destination, RewindPermit)>,
    record: PushRecord,
    now: jiff::Timestamp,
    logins: Logins,
}

/// The result at one destination.
struct TakenBack {
    pushed: Pushed,
    line: String,
}

/// A URL, and the result there.
type Ended = (String, Result<TakenBack, BranchPushError>);

impl Work {
    /// Takes back at every destination, also where one refuses: they are independent.
    fn take_all_back(&self, progress: &dyn Progress, stop: &AtomicBool) -> Vec<Ended> {
        let places = self.places.iter();
        places
            .map(|(place, rewind)| {
                let taken = self.take_back(place, rewind, progress, stop);
                let taken = taken.map(|pushed| {
                    self.record.keep(&place.remote.url, &pushed);
                    self.note_down(place, rewind, &pushed);
                    TakenBack {
                        line: line(place, rewind, &pushed),
                        pushed,
                    }
                });
                (place.remote.url.without_login(), taken)
            })
            .collect()
    }

    fn take_back(
        &self,
        place: &Destination,
        rewind: &RewindPermit,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Pushed, BranchPushError> {
        let repo = self.repo.thread_local()?;
        let permit = rewind.permit();
        let question = question(&self.repo, permit, rewind.pushed(), place);
        let facts = || question.facts(stop);
        let delivery = BranchPush {
            permit,
            remote: &place.remote,
            new: rewind
                .before()
                .unwrap_or(ObjectId::null(rewind.pushed().kind())),
            options: &place.push_options,
            promised: &Promised::default(),
            last_seen: &LastSeen::default,
            advertised: &|_| self.logins.settle(),
            remote_facts: &facts,
            links: &|| self.repo.check_links(),
            still_valid: &|_| Ok(()),
            progress,
            stop,
        };
        match rewind.before() {
            Some(_) => delivery.push_with_lease(&repo, Some(rewind.pushed())),
            None => delivery.delete_with_lease(&repo, rewind.pushed()),
        }
    }

    /// Moves the tracking ref back, or removes it. If that fails, the next fetch corrects it.
    fn note_down(&self, place: &Destination, rewind: &RewindPermit, pushed: &Pushed) {
        let branch = rewind.permit().branch();
        let noted = match rewind.before() {
            Some(before) => {
                let moved = self
                    .repo
                    .update_tracking(&place.remote, branch, before, self.now);
                moved.map(drop)
            }
            None => self.repo.forget_tracking(&place.remote, branch),
        };
        if let Err(error) = noted {
            tracing::debug!(%error, action = pushed.action.as_str(), "the tracking ref was not moved");
        }
    }
}

fn line(place: &Destination, rewind: &RewindPermit, pushed: &Pushed) -> String {
    let (branch, remote) = (rewind.permit().branch(), &place.remote.name);
    match (pushed.action, rewind.before()) {
        (Action::UpToDate, Some(before)) => {
            format!(
                "{remote} has {branch} at {} already",
                before.to_hex_with_len(8)
            )
        }
        (Action::UpToDate, None) => format!("{remote} has no {branch} any more"),
        (_, Some(before)) => format!(
            "{branch} on {remote} is back at {}",
            before.to_hex_with_len(8)
        ),
        (_, None) => format!("{branch} is deleted on {remote}, where the run had created it"),
    }
}

#[async_trait(?Send)]
impl Step for ClosePullRequest {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let forge = match cx.forge.get().await {
            Ok(forge) => forge,
            Err(hold) => {
                return Err(StepError::for_reason(
                    ErrorKind::Denied,
                    hold.reason.clone(),
                ));
            }
        };
        let Self { number, url } = self;
        match forge.close(*number).await {
            Ok(Closed::Closed) => {
                let mut outputs = Outputs::new();
                outputs.insert("number".into(), (*number).into());
                outputs.insert("url".into(), url.as_str().into());
                Ok(Outcome::Done {
                    summary: format!("closed: {url}"),
                    outputs,
                })
            }
            Ok(Closed::Merged) => {
                let message = format!("it is merged already: {url}");
                let reason = Reason::new(Code::Merged, message);
                Ok(Outcome::Skipped(
                    reason.advise("revert it with a commit of its own: git revert"),
                ))
            }
            Err(error) => Err(error.into()),
        }
    }
}
