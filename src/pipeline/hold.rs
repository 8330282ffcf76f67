//! What is about to be shipped, or why nothing may be.

use gix::ObjectId;

use crate::git::push::PushOptions;
use crate::git::{Commit, Remote};
use crate::names::{BranchName, RepositoryName};
use crate::policy::PushPermit;
use crate::reason::{Code, Reason};

use super::step::{ErrorKind, Outcome, StepError};

/// The work that `push` and `pr-create` ship: only the guards make one.
#[derive(Debug)]
pub struct Shipment {
    /// The branch that HEAD names; the destination has the same name.
    pub branch: BranchName,
    /// The commit to ship.
    pub head: ObjectId,
    /// Where to.
    pub remote: Remote,
    /// Owner and name in the remote's URL; empty where it has no such parts.
    pub repository: RepositoryName,
    /// The base that the policy names; where it names none, the forge and the remote are asked.
    pub base: Option<BranchName>,
    /// The commits ahead of the base, oldest first, at most `limits.commits` of them.
    pub commits: Vec<Commit>,
    /// The leave to push.
    pub permit: PushPermit,
    /// How the remote may be reached.
    pub push_options: PushOptions,
    /// The remote's further push URLs, which git pushes to as well.
    pub also: Vec<Destination>,
}

/// One more place to push to.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The remote, with this URL as its only one.
    pub remote: Remote,
    /// How it may be reached.
    pub push_options: PushOptions,
}

/// Why `push` and `pr-create` are held. Memory and heartbeat go out all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: Reason,
    /// Whether something is broken, so that the step has failed and not merely nothing to do.
    pub is_broken: bool,
}

impl Hold {
    /// Makes a hold without advice.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Reason::new(code, message).into()
    }

    /// Makes a hold of an error and its causes: something is broken.
    pub fn of(code: Code, error: &dyn std::error::Error) -> Self {
        Self::broken(Reason::of(code, error))
    }

    /// Makes a hold because something is broken.
    pub const fn broken(reason: Reason) -> Self {
        Self {
            reason,
            is_broken: true,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.reason = self.reason.advise(advice);
        self
    }

    /// Puts the hold in the words of a step: a refusal is a skip, and no error.
    pub fn outcome(&self) -> Result<Outcome, StepError> {
        if self.is_broken {
            return Err(StepError::for_reason(
                ErrorKind::Denied,
                self.reason.clone(),
            ));
        }
        Ok(Outcome::Skipped(self.reason.clone()))
    }
}

impl From<Reason> for Hold {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            is_broken: false,
        }
    }
}
