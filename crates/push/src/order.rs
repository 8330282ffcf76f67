//! What is asked of a push, and what it says when it is done.

use std::fmt;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullNameRef;

use super::advertisement::Advertisement;
use super::error::Cause;
use super::local::Local;
use super::progress::Progress;
use super::transport::Transport;

/// Confirms that a ref may be updated, by its name as it is sent and by what the remote advertises.
pub type Confirm<'a> = dyn Fn(&[u8], &Advertisement) -> Result<(), Cause> + 'a;

/// One push: a commit, the branch that it is for, and the way to its remote.
pub struct PushOrder<'a> {
    /// The branch to update on the remote, by its full name.
    pub branch: &'a FullNameRef,
    /// Where to.
    pub transport: &'a dyn Transport,
    /// What is done on this side first.
    pub local: &'a dyn Local,
    /// The commit that the branch is to be at.
    pub new: ObjectId,
    /// Words for the server's hooks, as `git push --push-option` sends them.
    pub push_options: &'a [String],
    /// The largest pack that is sent, in bytes.
    pub push_size: u64,
    /// Tells what the remote was seen to have; asked at most once, while the remote is being asked.
    pub last_seen: &'a dyn Fn() -> LastSeen,
    /// Confirms that the ref may be updated: called once, right before anything is sent, with the name of the ref as
    /// it is sent and with what the remote advertises. An error ends the push, as [`PushError::Policy`].
    ///
    /// [`PushError::Policy`]: crate::PushError::Policy
    pub confirm: &'a Confirm<'a>,
    /// What the remote is told as the name of the program, such as `git/2.50.0`.
    pub agent: &'a str,
    /// Who hears how far it has come.
    pub progress: &'a dyn Progress,
    /// Set from elsewhere when the push should end.
    pub stop: &'a AtomicBool,
}

impl fmt::Debug for PushOrder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushOrder")
            .field("remote", &self.transport.remote())
            .field("branch", &self.branch.as_bstr())
            .field("new", &self.new)
            .finish_non_exhaustive()
    }
}

/// What a remote had when it was last pushed to or fetched from.
///
/// It is only a reason to begin early: what the remote itself says decides what is sent. Nothing is
/// begun where nothing was seen.
#[derive(Debug, Clone, Default)]
pub struct LastSeen {
    /// The tips of its branches.
    pub tips: Vec<ObjectId>,
    /// The tip of the branch that is pushed to.
    pub branch: Option<ObjectId>,
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The branch was not there.
    Created,
    /// The branch was moved on.
    Updated,
    /// The branch was there already.
    UpToDate,
}

impl Action {
    /// Returns the word for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::UpToDate => "up-to-date",
        }
    }
}

/// A push that is known to have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What was done.
    pub action: Action,
    /// Where the branch was; none when it was not there.
    pub old: Option<ObjectId>,
    /// Where the branch is.
    pub new: ObjectId,
    /// Bytes of the pack.
    pub bytes: u64,
    /// Objects in the pack.
    pub objects: u64,
    /// What the remote said, line by line, cleaned.
    pub messages: Vec<String>,
}

impl Pushed {
    pub(super) const fn up_to_date(tip: ObjectId) -> Self {
        Self {
            action: Action::UpToDate,
            old: Some(tip),
            new: tip,
            bytes: 0,
            objects: 0,
            messages: Vec::new(),
        }
    }
}
