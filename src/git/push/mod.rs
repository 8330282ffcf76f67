//! The native push: `PushPermit` in, `Pushed` out. The conversation is in `conversation`, from top to bottom.

pub mod advertisement;
mod aim;
mod around;
pub mod commands;
mod conversation;
pub mod delta;
mod diagnosis;
mod early;
mod error;
mod hook;
mod lfs;
mod limit;
mod link;
pub mod objects;
mod order;
mod outcome;
pub mod pack;
pub mod pkt_line;
pub mod progress;
mod rejection;
mod remote_head;
pub mod status;
mod store;
mod submodules;

use gix::ObjectId;

use self::aim::Aim;
use self::conversation::converse;

pub use around::Around;
pub use error::{Known, PushError};
pub use link::{AllowFile, AllowGit, LoginHabit, LoginUse, PushOptions};
pub use order::{Action, LastSeen, PushOrder, Pushed};
pub use progress::{NoProgress, Progress};
pub use rejection::Rejection;
pub use remote_head::remote_head;
pub use submodules::Submodules;

/// Pushes one commit to the branch that the permit is for. Blocks; never forces, never fetches.
///
/// `Ok` means that the remote has the commit at that branch: it said so, or it was asked again.
pub fn push(repo: &gix::Repository, order: &PushOrder<'_>) -> Result<Pushed, PushError> {
    converse(repo, order, Aim::FastForward)
}

/// Pushes one commit to a branch that was rewritten: it may lose commits over there, but only those that
/// `expected` has, as `git push --force-with-lease=BRANCH:EXPECTED`. None expects no such branch.
///
/// The expectation is compared with what the remote says first, and once more by the remote at the
/// moment of the update. Where it comes from is for the caller to know: a tracking ref is none, because
/// a fetch in the background moves it.
pub fn push_with_lease(
    repo: &gix::Repository,
    order: &PushOrder<'_>,
    expected: Option<ObjectId>,
) -> Result<Pushed, PushError> {
    converse(repo, order, Aim::Lease(expected))
}
