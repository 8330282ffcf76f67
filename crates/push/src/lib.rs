//! A native `git push` for [gitoxide](https://docs.rs/gix): a [`PushOrder`] in, [`Pushed`] out.
//!
//! The crate opens no connection and starts no program: the caller brings a [`Transport`], and with [`Local`] what is
//! done in the repository before anything is sent.
//!
//! What is spoken: git's `gitprotocol-pack` (reference discovery, update request, report status) and
//! `gitprotocol-capabilities`; what is sent: `gitformat-pack`. Each part's own page names its chapter.

pub mod advertisement;
mod aim;
pub mod answer;
mod clean;
pub mod commands;
mod conversation;
pub mod delta;
mod early;
mod error;
mod lfs;
mod limit;
mod local;
pub mod objects;
mod order;
mod outcome;
pub mod pack;
pub mod pkt_line;
pub mod progress;
mod rejection;
pub mod status;
mod store;
mod transport;

use gix::ObjectId;

use self::aim::Aim;
use self::conversation::converse;

pub use clean::{AsItIs, Hide, clean_line};
pub use error::{Cause, Known, PushError};
pub use local::{Local, NothingLocal};
pub use order::{Action, Confirm, LastSeen, PushOrder, Pushed};
pub use progress::{NoProgress, Progress};
pub use rejection::{Rejection, is_read_only};
pub use transport::{
    ADVERTISEMENT_CAP, AnswerForm, Effect, Failed, Link, PushRequest, Service, Transport,
};

/// Pushes one commit to a branch. Blocks; never forces, never fetches.
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
