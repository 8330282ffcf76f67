//! What has to hold before a branch is updated: no commit is lost, or none but those that are expected.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use crate::divergence::Divergence;
use crate::error::PushError;
use crate::objects::{SelectError, is_fast_forward_with};
use crate::request::PushRequest;
use crate::store::Reader;

/// What has to hold for an update.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UpdateRule {
    /// It loses no commit.
    FastForward,
    /// The branch has this value on the remote.
    Lease(Option<ObjectId>),
}

impl UpdateRule {
    /// Checks the rule against the branch's value on the remote.
    pub(crate) fn check(
        self,
        repo: &gix::Repository,
        reader: &Reader,
        request: &PushRequest<'_>,
        old: Option<ObjectId>,
    ) -> Result<(), PushError> {
        if self.holds(repo, reader, request.new, old, request.stop)? {
            return Ok(());
        }
        let branch = request.branch.shorten().to_string();
        let remote = request.transport.remote().to_owned();
        Err(match (self, old) {
            (Self::FastForward, Some(old)) => PushError::Diverged {
                branch,
                remote,
                old,
                new: request.new,
                divergence: if !reader.contains(&old) {
                    Divergence::NotFetched
                } else if is_fast_forward_with(repo, reader, request.new, old, request.stop)? {
                    Divergence::Behind
                } else {
                    Divergence::Fetched
                },
            },
            (_, found) => PushError::LeaseBroken {
                branch,
                remote,
                found,
            },
        })
    }

    /// Says whether it holds for a branch that is at `old` on the remote. The server does not check that for us.
    pub(crate) fn holds(
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
