//! The commits that are about to be sent: those ahead of the base, limited by the policy.

use gix::ObjectId;

use crate::git::{Commit, Repo};
use crate::names::BranchName;
use crate::pipeline::{Hold, Shipment};
use crate::policy::Policy;

use super::base::{Base, base};
use super::bases::{Sides, bases};
use super::history::History;

/// The commits that are about to be sent.
pub(super) struct Counted {
    /// Oldest first.
    pub(super) commits: Vec<Commit>,
    /// The tip of the base, where it is known here.
    pub(super) from: Option<ObjectId>,
}

/// Lists the commits ahead of the base, oldest first.
///
/// Where the base is not known locally, the commits of all other branches that the clone knows of the remote are left
/// out, but not those of the branch itself: a branch that was pushed before still has commits to show. They are
/// counted again when the remote has answered, so they hold nothing back; where they cannot be listed, the last
/// commit stands for them.
pub(super) fn ahead(
    repo: &Repo,
    policy: &Policy,
    sides: Sides<'_>,
    branch: &BranchName,
    head: ObjectId,
    base: &Base,
) -> Result<Counted, Hold> {
    let known = base.named.as_ref().or(base.hint.as_ref());
    let bases = bases(repo, sides, branch, known)?;
    let history = History {
        repo,
        branch,
        head,
        limit: policy.branch_limits().commits.get(),
        is_guarded: policy.guard().holds_by_commits(),
    };
    Ok(Counted {
        commits: history.ahead(&bases, sides, known)?,
        from: bases.tip,
    })
}

/// Lists the commits of a shipment that its branch on the remote lacks, oldest first, by the last push or fetch.
/// Returns `None` where there was none.
pub(super) fn unpushed(repo: &Repo, policy: &Policy, shipment: &Shipment) -> Option<Vec<Commit>> {
    let (remote, branch) = (&shipment.remote, &shipment.branch);
    let there = repo.tracking_tip(remote, branch).ok()??;
    let sides = Sides {
        remote,
        base: shipment.base_repository().map(|base| &base.remote),
    };
    let base = base(repo, policy, branch, remote, sides.base).ok()?;
    let known = base.named.as_ref().or(base.hint.as_ref());
    let mut known = bases(repo, sides, branch, known).ok()?.ids;
    known.push(there);
    let limit = policy.branch_limits().commits.get();
    let ahead = repo.ahead(shipment.head, &known, limit).ok()?;
    Some(ahead.commits)
}

/// Counts the commits that the branch on the remote has and a shipment lacks, by the last push or fetch; returns
/// where the branch is, too. Returns `None` where there are none, or nothing was pushed or fetched.
pub(super) fn lacking(repo: &Repo, shipment: &Shipment) -> Option<(ObjectId, usize)> {
    let there = repo
        .tracking_tip(&shipment.remote, &shipment.branch)
        .ok()??;
    let lacking = repo.ahead(there, &[shipment.head], 0).ok()?.total;
    (lacking > 0).then_some((there, lacking))
}
