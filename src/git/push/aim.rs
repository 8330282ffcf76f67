//! What has to hold before a branch is moved: no commit is lost, or none but those that are expected.

use gix::ObjectId;

use super::error::Known;
use super::error::PushError;
use super::objects::is_fast_forward_with;
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
        match self {
            Self::FastForward => check_fast_forward(repo, reader, order, old),
            Self::Lease(expected) => check_lease(order, expected, old),
        }
    }
}

/// Proves that moving the branch loses no commit. The server does not check that for us.
fn check_fast_forward(
    repo: &gix::Repository,
    reader: &Reader,
    order: &PushOrder<'_>,
    old: Option<ObjectId>,
) -> Result<(), PushError> {
    let Some(old) = old else { return Ok(()) };
    if is_fast_forward_with(repo, reader, old, order.new, order.stop)? {
        return Ok(());
    }
    Err(PushError::Diverged {
        branch: order.permit.branch().to_string(),
        remote: order.transport.remote().to_owned(),
        old,
        new: order.new,
        known: if reader.contains(&old) {
            Known::Here
        } else {
            Known::Elsewhere
        },
    })
}

/// Proves that nobody moved the branch since.
fn check_lease(
    order: &PushOrder<'_>,
    expected: Option<ObjectId>,
    old: Option<ObjectId>,
) -> Result<(), PushError> {
    if expected == old {
        return Ok(());
    }
    Err(PushError::LeaseBroken {
        branch: order.permit.branch().to_string(),
        remote: order.transport.remote().to_owned(),
        found: old,
    })
}
