//! A native `git push` for [gitoxide](https://docs.rs/gix).
//!
//! [`push()`] updates one branch of a remote to a commit of a [`gix::Repository`], as `git push` would: it asks what the
//! remote has, selects the objects that it lacks, sends them as a thin pack, and reads what the remote reports.
//! [`push_with_lease()`] and [`push_rewritten()`] do the same for a branch that was rewritten, [`delete_with_lease()`] takes
//! one away.
//!
//! The crate opens no connection and starts no program. The caller brings a [`Transport`], and a [`LocalChecks`] for what is
//! done in the repository before anything is sent, such as its `pre-push` hook. With the feature `gitoxide-transport` there
//! is one over gitoxide's own transports, `GitoxideTransport`.
//!
//! ```no_run
//! # use std::sync::atomic::AtomicBool;
//! use sendoff_push::{Borrowed, LastSeen, NoLocalChecks, NoProgress, PushOutcome, PushRequest, Transport, push};
//!
//! # fn example(repo: &gix::Repository, transport: &dyn Transport) -> Result<(), Box<dyn std::error::Error>> {
//! let outcome = push(
//!     repo,
//!     &PushRequest {
//!         branch: "refs/heads/feature".try_into()?,
//!         new: repo.head_id()?.detach(),
//!         transport,
//!         local: &NoLocalChecks,
//!         push_options: &[],
//!         push_size: 200_000_000,
//!         borrowed: Borrowed::Sent,
//!         last_seen: &LastSeen::default,
//!         confirm: &|_name, _advertisement| Ok(()),
//!         agent: "my-program/1.0",
//!         progress: &NoProgress,
//!         stop: &AtomicBool::new(false),
//!     },
//! )?;
//! match outcome {
//!     PushOutcome::Pushed(pushed) => println!("{} bytes, now at {}", pushed.bytes, pushed.new),
//!     PushOutcome::Rejected(rejected) => println!("{rejected}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! Each part can be used alone, and names the chapter of git's documentation that it implements.
//!
//! | module | is | chapter |
//! | --- | --- | --- |
//! | [`pkt_line`] | packet lines | `gitprotocol-common` |
//! | [`advertisement`] | what receive-pack says first | `gitprotocol-pack`, "Reference Discovery" |
//! | [`commands`] | the update request, and the capabilities chosen for it | `gitprotocol-pack`, "Reference Update Request" |
//! | [`objects`] | which objects the remote lacks | |
//! | [`pack`], [`delta`] | those objects as a pack | `gitformat-pack` |
//! | [`sideband`], [`report_status`] | what the remote answers | `gitprotocol-pack`, "Report Status" |
//! | [`sanitize`] | text of a remote, made fit to show | |

pub mod advertisement;
mod borrowed;
mod by_id;
pub mod commands;
mod delete;
pub mod delta;
mod discovery;
mod divergence;
mod error;
#[cfg(feature = "gitoxide-transport")]
mod gitoxide;
mod lfs;
mod limit;
mod local_checks;
pub mod objects;
mod outcome;
pub mod pack;
pub mod pkt_line;
pub mod progress;
mod promised;
mod read_only;
mod rejection;
mod remote_messages;
mod report;
pub mod report_status;
mod request;
pub mod sanitize;
mod send_pack;
mod shell_word;
pub mod sideband;
mod speculative;
mod store;
mod transfer;
mod transport;
mod update_rule;

use gix::ObjectId;

use update_rule::UpdateRule;

pub use borrowed::Borrowed;
pub use divergence::Divergence;
pub use error::{BoxError, ClassifiedError, PushError};
#[cfg(feature = "gitoxide-transport")]
pub use gitoxide::GitoxideTransport;
pub use local_checks::{LocalChecks, NoLocalChecks, Promisor};
pub use outcome::{Action, PushOutcome, Pushed, Rejected, RejectedPart};
pub use progress::{NoProgress, Progress};
pub use read_only::is_read_only;
pub use rejection::Rejection;
pub use request::{Confirm, LastSeen, PushRequest};
pub use sanitize::{NoRedaction, Redact, sanitize_line};
pub use shell_word::shell_word;
pub use transport::{
    ADVERTISEMENT_CAP, Connection, Effect, RequestBody, ResponseFormat, SendError, Transport,
};

/// Pushes one commit to a branch. Blocks; never forces, never fetches.
///
/// [`PushOutcome::Pushed`] means that the remote has the commit at that branch: it said so, or it was asked again.
pub fn push(repo: &gix::Repository, request: &PushRequest<'_>) -> Result<PushOutcome, PushError> {
    send_pack::send_pack(repo, request, UpdateRule::FastForward)
}

/// Pushes one commit to a branch that was rewritten: the branch can lose commits on the remote, but only those that
/// `expected` has, as with `git push --force-with-lease=BRANCH:EXPECTED`. None expects no such branch.
///
/// The expectation is compared with the advertisement, and once more by the remote at the moment of the update. Where it
/// comes from is for the caller to know: not from a tracking ref, because a fetch in the background updates that.
pub fn push_with_lease(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    expected: Option<ObjectId>,
) -> Result<PushOutcome, PushError> {
    send_pack::send_pack(repo, request, UpdateRule::Lease(expected))
}

/// Pushes one commit to a branch that may have been rewritten after it was pushed: as [`push()`], and where that would lose
/// commits as [`push_with_lease()`] that expects `recorded`, which the caller knows to have pushed itself.
///
/// A branch that is only behind what the remote has was not rewritten, and is refused as diverged.
pub fn push_rewritten(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    recorded: ObjectId,
) -> Result<PushOutcome, PushError> {
    send_pack::send_pack(repo, request, UpdateRule::Rewrite(recorded))
}

/// Deletes a branch that the remote has at `expected`. What `request` says of a commit and a pack does not count.
///
/// A remote that does not have the branch is what is wanted: [`Action::UpToDate`].
pub fn delete_with_lease(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    expected: ObjectId,
) -> Result<PushOutcome, PushError> {
    delete::delete(repo, request, expected)
}
