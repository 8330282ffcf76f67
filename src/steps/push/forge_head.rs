//! What the forge says of the default branch, where the destination does not say it itself.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::names::BranchName;
use crate::pipeline::Context;
use crate::policy::{RemoteFacts, RemoteHead};

/// How often the push looks whether it is to end, while it waits for the forge.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where an answer goes.
type Tell = Sender<Option<BranchName>>;

/// The push's end, on a thread of its own.
#[derive(Debug, Clone)]
pub(super) struct ForgeHead(mpsc::Sender<Tell>);

/// The step's end, which can ask the forge.
pub(super) struct ForgeHeadQuestions(mpsc::Receiver<Tell>);

/// Makes both ends.
pub(super) fn forge_head() -> (ForgeHead, ForgeHeadQuestions) {
    let (ask, asked) = mpsc::channel(1);
    (ForgeHead(ask), ForgeHeadQuestions(asked))
}

impl ForgeHead {
    /// Adds the forge's default branch where the destination's HEAD names none, or was not told.
    pub(super) fn complete(&self, facts: RemoteFacts, stop: &AtomicBool) -> RemoteFacts {
        if let RemoteHead::Names(_) = facts.head {
            return facts;
        }
        match self.ask(stop) {
            Some(branch) => RemoteFacts {
                head: RemoteHead::Names(branch),
                ..facts
            },
            None => facts,
        }
    }

    fn ask(&self, stop: &AtomicBool) -> Option<BranchName> {
        let (tell, told) = channel();
        self.0.blocking_send(tell).ok()?;
        loop {
            match told.recv_timeout(LOOK_EVERY) {
                Ok(branch) => return branch,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => return None,
            }
        }
    }
}

impl ForgeHeadQuestions {
    /// Answers until nobody asks any more, and then waits for ever.
    pub(super) async fn answer(mut self, cx: &Context<'_>) -> Infallible {
        while let Some(tell) = self.0.recv().await {
            let asked = async {
                let forge = cx.forge.get().await.ok()?;
                let shipment = cx.shipment.ok()?;
                if shipment.base_repository().is_some() {
                    // The forge is connected to the repository that the pull request goes to.
                    let of_fork = forge.default_branch_of(&shipment.repository).await;
                    return of_fork.ok();
                }
                let default = cx.default_branch.get_or_init(|| forge.default_branch());
                default.await.clone().ok()
            };
            // Whoever asked may have gone.
            let _gone = tell.send(asked.await);
        }
        std::future::pending().await
    }
}
