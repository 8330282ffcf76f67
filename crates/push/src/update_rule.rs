//! What has to hold before a branch is updated: no commit is lost, or none but those that are expected.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use crate::divergence::Divergence;
use crate::error::PushError;
use crate::objects::{ObjectError, SelectError, absent_ancestor, is_fast_forward_with};
use crate::promised::with_history;
use crate::request::PushRequest;
use crate::store::Reader;

/// What has to hold for an update.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UpdateRule {
    /// It loses no commit.
    FastForward,
    /// The branch has this value on the remote.
    Lease(Option<ObjectId>),
    /// It loses no commit, or the branch has this value on the remote and was rewritten since.
    Rewrite(ObjectId),
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
        let (new, stop) = (request.new, request.stop);
        let is_partial = request.local.promisor().is_some();
        let holds = with_history(repo, reader, request, |repo, reader| {
            if is_partial
                && let Some(old) = old
                && !reader.contains(&old)
                && let Some(absent) = absent_ancestor(repo, reader, new, stop)?
            {
                // It can be behind what the clone left out.
                return Err(ObjectError::Missing(absent).into());
            }
            self.holds(repo, reader, new, old, stop)
        })?;
        if holds {
            return Ok(());
        }
        let branch = request.branch.shorten().to_string();
        let remote = request.transport.remote().to_owned();
        Err(match (self, old) {
            (Self::FastForward | Self::Rewrite(_), Some(old)) => PushError::Diverged {
                branch,
                remote,
                old,
                new,
                divergence: if !reader.contains(&old) {
                    Divergence::NotFetched
                } else if is_fast_forward_with(repo, reader, new, old, stop)? {
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
            (Self::FastForward | Self::Rewrite(_), None) => Ok(true),
            (Self::FastForward, Some(old)) => is_fast_forward_with(repo, reader, old, new, stop),
            (Self::Rewrite(expected), Some(old)) => {
                if is_fast_forward_with(repo, reader, old, new, stop)? {
                    return Ok(true);
                }
                // A branch that is only behind was not rewritten: its commits are work that nobody took back.
                if expected != old || !reader.contains(&old) {
                    return Ok(expected == old);
                }
                is_fast_forward_with(repo, reader, new, old, stop).map(|is_behind| !is_behind)
            }
            (Self::Lease(expected), old) => Ok(expected == old),
        }
    }
}
