//! The commits that are about to be sent: those ahead of the base, limited by the policy.

use gix::ObjectId;

use crate::git::{Commit, RangeError, RefError, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{Hold, Shipment};
use crate::policy::Policy;
use crate::reason::{Code, Reason};

use super::base::{Base, base};
use super::load;

/// The remotes of a pull request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'r> {
    /// The one that the branch is pushed to.
    pub(super) remote: &'r Remote,
    /// The one of the repository that the pull request goes to, where it is another.
    pub(super) base: Option<&'r Remote>,
}

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
    let remote = sides.remote;
    let known = base.named.as_ref().or(base.hint.as_ref());
    let Bases {
        tip,
        ids: bases,
        are_tracked,
    } = bases(repo, sides, branch, known)?;
    let corrupt = |error: RangeError| {
        if let RangeError::Open(error) = &error {
            return load::bad_repository(error);
        }
        if let RangeError::Stopped = &error {
            return took_too_long();
        }
        let message = format!("the history of {branch} cannot be read: {error}");
        if let RangeError::TooLarge(_) = &error {
            return Hold::broken(
                Reason::new(Code::TooLarge, message).advise(
                    "take the commit out of the branch: a commit is text of a few kilobytes",
                ),
            );
        }
        let advice = if repo.is_partial() {
            "the clone is partial: fetch what it lacks with git fetch --refetch, or check it with git fsck"
        } else {
            "check the repository: git fsck"
        };
        Hold::broken(Reason::new(Code::Corrupt, message).advise(advice))
    };
    let limit = policy.branch_limits().commits.get();
    let counted = |commits| Ok(Counted { commits, from: tip });
    let ahead = match repo.ahead(head, &bases, limit) {
        // What a partial clone left out is fetched for the push.
        Err(RangeError::Missing(_)) if repo.is_partial() => {
            return counted(vec![repo.commit(head).map_err(corrupt)?]);
        }
        ahead => ahead.map_err(corrupt)?,
    };
    // Commits that the fork's base has and the target's lacks are what the pull request brings, where there are no others.
    let ahead = if ahead.commits.is_empty() && bases.len() > 1 && sides.base.is_some() {
        repo.ahead(head, tip.as_slice(), limit).map_err(corrupt)?
    } else {
        ahead
    };
    if ahead.commits.is_empty() {
        if let Some(nothing) = nothing(repo, remote, branch, head, tip.and(known), &bases) {
            return Err(nothing);
        }
        // Other branches have its commits, as when another branch was begun from it.
        return counted(vec![repo.commit(head).map_err(corrupt)?]);
    }
    if !ahead.truncated {
        return counted(ahead.commits);
    }
    // A clone of one branch knows no base: what was pushed of it before is not about to leave.
    if tip.is_none()
        && let Ok(Some(own)) = repo.tracking_tip(remote, branch)
    {
        let pushed = [bases.as_slice(), &[own]].concat();
        let new = repo.ahead(head, &pushed, limit).map_err(corrupt)?;
        if !new.truncated && !new.commits.is_empty() {
            return counted(new.commits);
        }
    }
    // The tracking ref of the base may be old: what was fetched by URL since is on a remote as well.
    let fetched = [bases.as_slice(), &repo.fetched_tips(branch)].concat();
    if are_tracked && fetched.len() > bases.len() {
        let new = repo.ahead(head, &fetched, limit).map_err(corrupt)?;
        if !new.truncated && !new.commits.is_empty() {
            return counted(new.commits);
        }
    }
    if !are_tracked {
        return counted(vec![repo.commit(head).map_err(corrupt)?]);
    }
    let sentence = format!(
        "{branch} has more than {limit} commits to ship, the most that the policy lets out"
    );
    Err(Hold::new(Code::TooManyCommits, sentence).advise(
        "check that the base is right (`branches.base`) and fetched, or raise `limits.commits`",
    ))
}

/// The commits that are excluded from the count.
struct Bases {
    /// The tip of the base, where it is known here.
    tip: Option<ObjectId>,
    /// The commits that are not to be shipped.
    ids: Vec<ObjectId>,
    /// Whether they come from the base or from tracking refs.
    are_tracked: bool,
}

/// Returns the commits that are excluded from the count.
fn bases(
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

/// Says that there is nothing to ship, or that this cannot be known without a base: another branch on the remote is at the
/// same commit. Returns `None` where there may be something.
fn nothing(
    repo: &Repo,
    remote: &Remote,
    branch: &BranchName,
    head: ObjectId,
    base: Option<&BranchName>,
    others: &[ObjectId],
) -> Option<Hold> {
    if let Some(base) = base {
        return Some(Hold::new(
            Code::NothingAhead,
            format!("{branch} has no commit that {base} lacks"),
        ));
    }
    if repo
        .tracking_tip(remote, branch)
        .is_ok_and(|tip| tip == Some(head))
    {
        return Some(Hold::new(
            Code::NothingAhead,
            format!(
                "{branch} has no commit that {remote} lacks",
                remote = remote.name
            ),
        ));
    }
    if !others.contains(&head) {
        return None;
    }
    let sentence = format!(
        "another branch on {} is where {branch} is, and its base is not known here",
        remote.name
    );
    Some(Hold::new(Code::BaseUnknown, sentence).advise(format!(
        "set `branches.base` in your policy, or run: git remote set-head {} --auto",
        remote.name
    )))
}

/// Returns why a branch is held that cannot be inspected before the run has to end.
pub(super) fn took_too_long() -> Hold {
    let message = "to look at the branch took until shortly before the deadline (limits.deadline)";
    Hold::broken(Reason::new(Code::Deadline, message))
        .advise("check what the branch carries, or raise `limits.deadline`")
}
