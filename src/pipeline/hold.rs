//! `Shipment` and `Hold`: the branch to push, or why nothing is pushed.

use gix::ObjectId;

use crate::git::push::{PromisorRemote, PushOptions};
use crate::git::{Commit, Remote};
use crate::names::{BranchName, RemoteName, RepositoryName};
use crate::policy::PushPermit;
use crate::reason::{Code, Reason};

use super::outcome::{ErrorKind, Outcome, StepError};

/// What `push` and `pr-create` work on. Only the guards make one.
#[derive(Debug)]
pub struct Shipment {
    /// The current branch; the remote's branch has the same name.
    pub branch: BranchName,
    /// The commit to push.
    pub head: ObjectId,
    /// The remote.
    pub remote: Remote,
    /// The owner and name in the remote's URL; empty when it has none.
    pub repository: RepositoryName,
    /// The repository that the pull request is opened in, or why none is.
    pub target: Result<Target, Hold>,
    /// The policy's base branch; `None` where the remote or the forge decides.
    pub base: Option<BranchName>,
    /// The commits ahead of the base, oldest first, at most `limits.commits` of them.
    pub commits: Vec<Commit>,
    /// The tip of the base from which they were counted; `None` where the clone does not know it.
    pub counted_from: Option<ObjectId>,
    /// The permit to push.
    pub permit: PushPermit,
    /// The options of the connection.
    pub push_options: PushOptions,
    /// The remote's other push URLs, to which git pushes too.
    pub also: Vec<Destination>,
    /// The promisor remotes of a partial clone; empty for a full one.
    pub promisors: Vec<PromisorRemote>,
}

impl Shipment {
    /// Returns the repository that the pull request is opened in, where it is another than the one pushed to.
    pub fn base_repository(&self) -> Option<&BaseRepository> {
        match &self.target {
            Ok(Target::Base(base)) => Some(base),
            Ok(Target::Pushed { .. }) | Err(_) => None,
        }
    }

    /// Returns the remote whose branches the pull request's base is one of.
    pub fn base_remote(&self) -> &Remote {
        self.base_repository()
            .map_or(&self.remote, |base| &base.remote)
    }
}

/// The repository that a pull request is opened in.
#[derive(Debug, Clone)]
pub enum Target {
    /// The one that the branch is pushed to.
    Pushed {
        /// A remote called `upstream` that names another repository, but is not configured for this trigger.
        upstream: Option<RemoteName>,
    },
    /// Another one; the branch is pushed to a fork of it.
    Base(Box<BaseRepository>),
}

/// A repository that takes the pull request of a fork.
#[derive(Debug, Clone)]
pub struct BaseRepository {
    /// The owner and name.
    pub name: RepositoryName,
    /// The remote that names it.
    pub remote: Remote,
}

/// Another push URL.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The remote, with this URL as its only one.
    pub remote: Remote,
    /// The options of its connection.
    pub push_options: PushOptions,
}

/// Why `push` and `pr-create` do not run. Memories and heartbeats are sent anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The reason.
    pub reason: Reason,
    /// Whether something is broken, so that the step fails instead of being skipped.
    pub is_broken: bool,
}

impl Hold {
    /// Makes a hold without advice.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Reason::new(code, message).into()
    }

    /// Makes a hold from an error and its causes, because something is broken.
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

    /// Adds the advice.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.reason = self.reason.advise(advice);
        self
    }

    /// Returns the step's result: skipped, or failed if something is broken.
    pub fn outcome(&self) -> Result<Outcome, StepError> {
        let reason = self.reason.clone().or_few_files();
        let kind = match reason.code {
            Code::Busy | Code::NoResources | Code::PolicyChanged => ErrorKind::Transient,
            _ if self.is_broken => ErrorKind::Denied,
            _ => return Ok(Outcome::Skipped(reason)),
        };
        Err(StepError::for_reason(kind, reason))
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
