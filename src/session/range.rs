//! Which commits are about to leave: those ahead of the base, bounded by the policy.

use gix::ObjectId;

use crate::git::{Commit, RangeError, RefError, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{Hold, Shipment};
use crate::policy::Policy;
use crate::reason::{Code, Reason};

use super::base::{Base, base};
use super::load;

/// Lists the commits ahead of the base, oldest first.
///
/// Where the base is not known locally, whatever the clone knows the remote to have is left out,
/// but not the branch itself: a branch that was pushed before still has its commits to show.
pub(super) fn ahead(
    repo: &Repo,
    policy: &Policy,
    remote: &Remote,
    branch: &BranchName,
    head: ObjectId,
    base: &Base,
) -> Result<Vec<Commit>, Hold> {
    let known = base.named.as_ref().or(base.hint.as_ref());
    let (tip, bases) = bases(repo, remote, branch, known)?;
    let corrupt = |error: RangeError| {
        if let RangeError::Open(error) = &error {
            return load::bad_repository(error);
        }
        let message = format!("the history of {branch} cannot be read: {error}");
        let advice = if repo.is_partial() {
            "the clone is partial: fetch what it lacks with git fetch --refetch, or check it with git fsck"
        } else {
            "check the repository: git fsck"
        };
        Hold::broken(Reason::new(Code::Corrupt, message).advise(advice))
    };
    let limit = policy.branch_limits().commits.get();
    let ahead = repo.ahead(head, &bases, limit).map_err(corrupt)?;
    if ahead.commits.is_empty() {
        return Err(nothing(repo, remote, branch, head, tip.and(known)));
    }
    if !ahead.truncated {
        return Ok(ahead.commits);
    }
    // A clone of one branch knows no base: what was pushed of it before is not about to leave.
    if tip.is_none()
        && let Ok(Some(own)) = repo.tracking_tip(remote, branch)
    {
        let pushed = [bases.as_slice(), &[own]].concat();
        let new = repo.ahead(head, &pushed, limit).map_err(corrupt)?;
        if !new.truncated && !new.commits.is_empty() {
            return Ok(new.commits);
        }
    }
    let sentence = format!(
        "{branch} has more than {limit} commits to ship, the most that the policy lets out"
    );
    Err(Hold::new(Code::TooManyCommits, sentence).advise(
        "check that the base is right (`branches.base`) and fetched, or raise `limits.commits`",
    ))
}

/// Returns the tip of the base where that is known here, and the commits that are not to be shipped.
fn bases(
    repo: &Repo,
    remote: &Remote,
    branch: &BranchName,
    base: Option<&BranchName>,
) -> Result<(Option<ObjectId>, Vec<ObjectId>), Hold> {
    let unreadable = |error: RefError| {
        Hold::new(Code::BadRef, error.to_string()).advise("check the repository: git fsck")
    };
    let tip = match base {
        Some(base) => repo.base_tip(Some(remote), base).map_err(unreadable)?,
        None => None,
    };
    if let Some(tip) = tip {
        return Ok((Some(tip), vec![tip]));
    }
    let others = repo.remote_tips(remote).map_err(unreadable)?.into_iter();
    let others = others.filter(|(name, _)| name != branch);
    Ok((None, others.map(|(_, tip)| tip).collect()))
}

/// Lists the commits of a shipment that its branch on the remote lacks, oldest first, as far as the
/// last push or fetch tells; nothing when that tells nothing.
pub(super) fn unpushed(repo: &Repo, policy: &Policy, shipment: &Shipment) -> Option<Vec<Commit>> {
    let (remote, branch) = (&shipment.remote, &shipment.branch);
    let there = repo.tracking_tip(remote, branch).ok()??;
    let base = base(repo, policy, branch, remote).ok()?;
    let known = base.named.as_ref().or(base.hint.as_ref());
    let (_, mut known) = bases(repo, remote, branch, known).ok()?;
    known.push(there);
    let limit = policy.branch_limits().commits.get();
    let ahead = repo.ahead(shipment.head, &known, limit).ok()?;
    Some(ahead.commits)
}

/// Counts the commits that the branch on the remote has and a shipment lacks, as far as the last push or
/// fetch tells; returns where the branch is, too. Nothing where there are none, or that tells nothing.
pub(super) fn lacking(repo: &Repo, shipment: &Shipment) -> Option<(ObjectId, usize)> {
    let there = repo
        .tracking_tip(&shipment.remote, &shipment.branch)
        .ok()??;
    let lacking = repo.ahead(there, &[shipment.head], 0).ok()?.total;
    (lacking > 0).then_some((there, lacking))
}

/// Says that there is nothing to ship, or that this cannot be known without a base: another branch
/// on the remote may have the same commits, and still no pull request.
fn nothing(
    repo: &Repo,
    remote: &Remote,
    branch: &BranchName,
    head: ObjectId,
    base: Option<&BranchName>,
) -> Hold {
    if let Some(base) = base {
        return Hold::new(
            Code::NothingAhead,
            format!("{branch} has no commit that {base} lacks"),
        );
    }
    if repo
        .tracking_tip(remote, branch)
        .is_ok_and(|tip| tip == Some(head))
    {
        return Hold::new(
            Code::NothingAhead,
            format!(
                "{branch} has no commit that {remote} lacks",
                remote = remote.name
            ),
        );
    }
    let sentence = format!(
        "other branches on {} have the commits of {branch}, and its base is not known here",
        remote.name
    );
    Hold::new(Code::BaseUnknown, sentence).advise(format!(
        "set `branches.base` in your policy, or run: git remote set-head {} --auto",
        remote.name
    ))
}
