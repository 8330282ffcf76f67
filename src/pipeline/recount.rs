//! Lists the commits of a pull request again, from the tip of the base on the remote.

use gix::ObjectId;

use crate::git::Repo;
use crate::names::BranchName;

use super::context::Context;
use super::facts::{CommitFacts, Facts};
use super::hold::Shipment;

/// Returns the facts with the commits since the base's tip on the remote; `None` where the clone's tracking ref has the same
/// tip, or the tip is not known.
pub fn recounted(cx: &Context<'_>, shipment: &Shipment, base: &BranchName) -> Option<Facts> {
    let repo = cx.repo?;
    if shipment.base_repository().is_some() && shipment.counted_from.is_some() {
        // The advertisement is the fork's, not that of the base's repository.
        return None;
    }
    let tip = cx.advertised.get(base)?;
    if shipment.counted_from == Some(tip) {
        return None;
    }
    let limit = cx.policy.branch_limits().commits.get();
    let ahead = |bases: &[ObjectId]| repo.ahead(shipment.head, bases, limit).ok();
    let mut counted = ahead(&bases(cx, repo, shipment, (base, tip))?)?;
    if counted.commits.is_empty() {
        // Another remote branch contains these commits, but the base does not.
        let older = shipment.counted_from.filter(|_| !repo.has_object(tip));
        counted = older.and_then(|older| ahead(&[older])).unwrap_or(counted);
    }
    let commits = if counted.truncated || counted.commits.is_empty() {
        vec![repo.commit(shipment.head).ok()?]
    } else {
        counted.commits
    };
    let mut facts = cx.facts.clone();
    facts.repo.as_mut()?.commits = commits.iter().map(CommitFacts::from).collect();
    Some(facts)
}

/// Returns the commits to exclude. Where the base's tip was not fetched: its older tips, also that of a fetch by URL, and the
/// fetched tips of the remote's other branches, else this branch's tip on the remote, else where the branch was begun.
fn bases(
    cx: &Context<'_>,
    repo: &Repo,
    shipment: &Shipment,
    (base, tip): (&BranchName, ObjectId),
) -> Option<Vec<ObjectId>> {
    let here = |id: &ObjectId| repo.has_object(*id);
    if let Some(target) = shipment.base_repository()
        && let Ok(Some(fetched)) = repo.tracking_tip(&target.remote, base)
    {
        let of_fork = here(&tip).then_some(tip);
        return Some(of_fork.into_iter().chain([fetched]).collect());
    }
    if here(&tip) {
        return Some(vec![tip]);
    }
    let others = cx.advertised.others(&shipment.branch).filter(here);
    let fetched = repo.fetched_tips_of(base).into_iter().filter(here);
    let older = shipment.counted_from.into_iter().chain(fetched);
    let known: Vec<ObjectId> = older.chain(others).collect();
    if !known.is_empty() {
        return Some(known);
    }
    let own = cx.advertised.get(&shipment.branch);
    // Where nothing of the remote is known here, the branch was begun from what somebody fetched. One that was begun from a local
    // branch that is not pushed looks the same in its reflog: the pull request has that branch's commits, and does not name them.
    let began = || repo.branch_began_at(&shipment.branch);
    own.filter(here)
        .or_else(began)
        .filter(|id| *id != shipment.head && here(id))
        .map(|id| vec![id])
}
