//! What has to hold before a branch is moved: no commit is lost, or none but those that are expected.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use super::error::{Known, PushError};
use super::objects::{SelectError, is_fast_forward_with};
use super::order::PushOrder;
use super::store::Reader;

/// What has to hold for a push.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// It loses no commit.
    FastForward,
    /// The branch over there is here.
    Lease(Option<ObjectId>),
}

impl Aim {
    /// Checks it against what the branch is over there now.
    pub(super) fn check(
        self,
        repo: &gix::Repository,
        reader: &Reader,
        order: &PushOrder<'_>,
        old: Option<ObjectId>,
    ) -> Result<(), PushError> {
        if self.holds(repo, reader, order.new, old, order.stop)? {
            return Ok(());
        }
        let branch = order.branch.shorten().to_string();
        let remote = order.transport.remote().to_owned();
        Err(match (self, old) {
            (Self::FastForward, Some(old)) => PushError::Diverged {
                branch,
                remote,
                old,
                new: order.new,
                known: if !reader.contains(&old) {
                    Known::Elsewhere
                } else if is_fast_forward_with(repo, reader, order.new, old, order.stop)? {
                    Known::Ahead
                } else {
                    Known::Here
                },
            },
            (_, found) => PushError::LeaseBroken {
                branch,
                remote,
                found,
            },
        })
    }

    /// Says whether it holds for a branch that is at `old` over there. The server does not check that for us.
    pub(super) fn holds(
        self,
        repo: &gix::Repository,
        reader: &Reader,
        new: ObjectId,
        old: Option<ObjectId>,
        stop: &AtomicBool,
    ) -> Result<bool, SelectError> {
        match (self, old) {
            (Self::FastForward, None) => Ok(true),
            (Self::FastForward, Some(old)) => is_fast_forward_with(repo, reader, old, new, stop),
            (Self::Lease(expected), old) => Ok(expected == old),
        }
    }
}
