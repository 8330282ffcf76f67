//! The commits that the ones to be sent are counted from.

use gix::ObjectId;

use crate::git::{RefError, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::Hold;
use crate::reason::Code;

/// The remotes of a pull request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'r> {
    /// The one that the branch is pushed to.
    pub(super) remote: &'r Remote,
    /// The one of the repository that the pull request goes to, where it is another.
    pub(super) base: Option<&'r Remote>,
}

/// The commits that are excluded from the count.
pub(super) struct Bases {
    /// The tip of the base, where it is known here.
    pub(super) tip: Option<ObjectId>,
    /// The commits that are not to be shipped.
    pub(super) ids: Vec<ObjectId>,
    /// Whether they come from the base or from tracking refs.
    pub(super) are_tracked: bool,
}

/// Returns the commits that are excluded from the count.
pub(super) fn bases(
    repo: &Repo,
    Sides {
        remote,
        base: target,
    }: Sides<'_>,
    branch: &BranchName,
    base: Option<&BranchName>,
) -> Result<Bases, Hold> {
    let unreadable = |error: RefError| {
        Hold::new(Code::BadRef, error.to_string()).advise("check the repository: git fsck")
    };
    let in_target = match (target, base) {
        (Some(target), Some(base)) => repo.tracking_tip(target, base).map_err(unreadable)?,
        _ => None,
    };
    let tip = match base {
        Some(base) => repo.base_tip(Some(remote), base).map_err(unreadable)?,
        None => None,
    };
    if let Some(of_target) = in_target {
        // The fork's base may be newer than what was fetched of the target's.
        return Ok(Bases {
            tip: Some(of_target),
            ids: std::iter::once(of_target).chain(tip).collect(),
            are_tracked: true,
        });
    }
    if let Some(tip) = tip {
        return Ok(Bases {
            tip: Some(tip),
            ids: vec![tip],
            are_tracked: true,
        });
    }
    let mut others = repo.remote_tips(remote).map_err(unreadable)?;
    if let Some(target) = target {
        others.extend(repo.remote_tips(target).map_err(unreadable)?);
    }
    let others = others.into_iter();
    let others = others.filter(|(name, _)| name != branch);
    let mut ids: Vec<ObjectId> = others.map(|(_, tip)| tip).collect();
    let are_tracked = !ids.is_empty();
    if !are_tracked {
        ids = repo.fetched_tips(branch);
    }
    Ok(Bases {
        tip: None,
        ids,
        are_tracked,
    })
}
