//! Requests to the forge from the push's thread: the default branch, where the destination does not name it; whether the
//! branch's pull request has ended; and the repository's policy, where the remote does not send it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc;

use gix::ObjectId;

use crate::git::CommittedFile;
use crate::names::BranchName;
use crate::pipeline::{Context, policy_from_forge};
use crate::policy::{RemoteFacts, RemoteHead};
use crate::steps::pr_create::{GoesOn, goes_on};

/// The interval at which the push checks its stop flag while it waits for the forge.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A question, with where its answer goes.
#[derive(Debug)]
enum Question {
    /// What is the default branch of the repository that is pushed to?
    DefaultBranch(Sender<Option<BranchName>>),
    /// Does the branch go on after its pull request has ended?
    GoesOn(Sender<Option<GoesOn>>),
    /// What is the repository's policy at this commit?
    Policy(ObjectId, Sender<Option<CommittedFile>>),
}

/// The sender, for the push on a thread of its own.
#[derive(Debug, Clone)]
pub(super) struct AskForge(mpsc::Sender<Question>);

/// The receiver, for the step, which can ask the forge.
pub(super) struct ForgeQuestions(mpsc::Receiver<Question>);

/// Makes both ends.
pub(super) fn forge_questions() -> (AskForge, ForgeQuestions) {
    let (ask, asked) = mpsc::channel(1);
    (AskForge(ask), ForgeQuestions(asked))
}

impl AskForge {
    /// Adds the forge's default branch where the destination's HEAD names none, or was not told.
    pub(super) fn complete(&self, facts: RemoteFacts, stop: &AtomicBool) -> RemoteFacts {
        if let RemoteHead::Names(_) = facts.head {
            return facts;
        }
        match self.ask(Question::DefaultBranch, stop) {
            Some(branch) => RemoteFacts {
                head: RemoteHead::Names(branch),
                ..facts
            },
            None => facts,
        }
    }

    /// Fails where the branch has commits beyond a pull request that has ended.
    pub(super) fn check_goes_on(&self, stop: &AtomicBool) -> Result<(), GoesOn> {
        self.ask(Question::GoesOn, stop).map_or(Ok(()), Err)
    }

    /// Returns the repository's policy at a commit that the remote has; `None` where the forge does not give it.
    pub(super) fn policy(&self, commit: ObjectId, stop: &AtomicBool) -> Option<CommittedFile> {
        self.ask(|tell| Question::Policy(commit, tell), stop)
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(Sender<Option<T>>) -> Question,
        stop: &AtomicBool,
    ) -> Option<T> {
        let (tell, told) = channel();
        self.0.blocking_send(question(tell)).ok()?;
        loop {
            match told.recv_timeout(LOOK_EVERY) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => return None,
            }
        }
    }
}

impl ForgeQuestions {
    /// Answers until the sender is gone, and then waits for ever.
    pub(super) async fn answer(mut self, cx: &Context<'_>) -> Infallible {
        while let Some(question) = self.0.recv().await {
            // The receiver of the answer can be gone.
            match question {
                Question::DefaultBranch(tell) => drop(tell.send(default_branch(cx).await)),
                Question::GoesOn(tell) => drop(tell.send(goes_on(cx).await)),
                Question::Policy(commit, tell) => drop(tell.send(policy(cx, commit).await)),
            }
        }
        std::future::pending().await
    }
}

async fn policy(cx: &Context<'_>, commit: ObjectId) -> Option<CommittedFile> {
    let (shipment, forge) = (cx.shipment.ok()?, cx.forge.get().await.ok()?);
    let have = cx.policy_base.in_use();
    let asked = policy_from_forge(forge, &shipment.repository, commit, have);
    asked.await.ok()
}

async fn default_branch(cx: &Context<'_>) -> Option<BranchName> {
    let forge = cx.forge.get().await.ok()?;
    let shipment = cx.shipment.ok()?;
    if shipment.base_repository().is_some() {
        // The forge is connected to the repository that the pull request goes to.
        let of_fork = forge.default_branch_of(&shipment.repository).await;
        return of_fork.ok();
    }
    let default = cx.default_branch.get_or_init(|| forge.default_branch());
    default.await.clone().ok()
}
