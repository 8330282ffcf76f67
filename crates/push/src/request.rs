//! What is asked of a push.

use std::fmt;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullNameRef;

use crate::advertisement::Advertisement;
use crate::borrowed::Borrowed;
use crate::error::BoxError;
use crate::local_checks::LocalChecks;
use crate::progress::Progress;
use crate::transport::Transport;

/// Confirms that a ref may be updated, by its name as it is sent and by what the remote advertises.
pub type Confirm<'a> = dyn Fn(&[u8], &Advertisement) -> Result<(), BoxError> + 'a;

/// One push: a commit, the branch that it is for, and the way to its remote.
pub struct PushRequest<'a> {
    /// The branch to update on the remote, by its full name.
    pub branch: &'a FullNameRef,
    /// The commit that the branch is to be at.
    pub new: ObjectId,
    /// The way to the remote.
    pub transport: &'a dyn Transport,
    /// What is done in the repository first.
    pub local: &'a dyn LocalChecks,
    /// Push options for the server's hooks, as `git push --push-option` sends them.
    pub push_options: &'a [String],
    /// The largest pack that is sent, in bytes.
    pub push_size: u64,
    /// Whether objects are sent that only other repositories have.
    pub borrowed: Borrowed,
    /// Tells what the remote was seen to have; asked at most once, during the reference discovery.
    pub last_seen: &'a dyn Fn() -> LastSeen,
    /// Confirms that the ref may be updated: called once, right before anything is sent, with the name of the ref as
    /// it is sent and with what the remote advertises. An error ends the push, as [`PushError::NotConfirmed`].
    ///
    /// [`PushError::NotConfirmed`]: crate::PushError::NotConfirmed
    pub confirm: &'a Confirm<'a>,
    /// What the remote is told as the name of the program, such as `git/2.50.0`.
    pub agent: &'a str,
    /// Hears how far the push has come.
    pub progress: &'a dyn Progress,
    /// Set from elsewhere when the push should end.
    pub stop: &'a AtomicBool,
}

impl fmt::Debug for PushRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushRequest")
            .field("remote", &self.transport.remote())
            .field("branch", &self.branch.as_bstr())
            .field("new", &self.new)
            .finish_non_exhaustive()
    }
}

/// What a remote had when it was last pushed to or fetched from: its tracking refs.
///
/// It is only a reason to pack before the remote has answered: what the remote advertises decides what is sent. Without
/// any, nothing is packed before.
#[derive(Debug, Clone, Default)]
pub struct LastSeen {
    /// The tips of its branches.
    pub tips: Vec<ObjectId>,
    /// The tip of the branch that is pushed to.
    pub branch: Option<ObjectId>,
}
