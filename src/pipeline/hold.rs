//! What is about to be shipped, or why nothing may be.

use gix::ObjectId;

use crate::git::{Commit, Remote};
use crate::names::BranchName;
use crate::policy::PushPermit;

/// The work that `push` and `pr-create` ship: only the guards make one.
#[derive(Debug)]
pub struct Shipment {
    /// The branch that HEAD names; the destination has the same name.
    pub branch: BranchName,
    /// The commit to ship.
    pub head: ObjectId,
    /// Where to.
    pub remote: Remote,
    /// The base that policy names, or that the local clone knows; the forge or the remote may know better.
    pub base: Option<BranchName>,
    /// The commits ahead of the base, oldest first, at most `limits.commits` of them.
    pub commits: Vec<Commit>,
    /// The leave to push.
    pub permit: PushPermit,
}

/// Why `push` and `pr-create` are held. Memory and heartbeat go out all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// A stable code, such as `detached-head`.
    pub reason: &'static str,
    /// One sentence, without a full stop.
    pub sentence: String,
    /// What to do about it, in one line.
    pub advice: Option<String>,
}

impl Hold {
    /// Makes a hold without advice.
    pub fn new(reason: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            reason,
            sentence: sentence.into(),
            advice: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}
