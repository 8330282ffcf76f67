//! Which commits are about to leave: those ahead of the base, bounded by the policy.

use gix::ObjectId;

use crate::git::{Commit, RefError, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{CommitFacts, Hold};
use crate::policy::Policy;

use super::guards::Base;

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
    let unreadable = |error: RefError| {
        Hold::new("bad-ref", error.to_string()).advise("check the repository: git fsck")
    };
    let tip = match known {
        Some(base) => repo.base_tip(Some(remote), base).map_err(unreadable)?,
        None => None,
    };
    let bases: Vec<ObjectId> = match tip {
        Some(tip) => vec![tip],
        None => repo
            .remote_tips(remote)
            .map_err(unreadable)?
            .into_iter()
            .filter(|(name, _)| name != branch)
            .map(|(_, tip)| tip)
            .collect(),
    };
    let limit = policy.limits().commits.get();
    let ahead = repo.ahead(head, &bases, limit).map_err(|error| {
        Hold::new(
            "corrupt",
            format!("the history of {branch} cannot be read: {error}"),
        )
        .advise("check the repository: git fsck")
    })?;
    if ahead.truncated {
        return Err(Hold::new(
            "too-many-commits",
            format!(
                "{branch} has more than {limit} commits to ship, the most that the policy lets out"
            ),
        )
        .advise(
            "check that the base is right (`branches.base`) and fetched, or raise `limits.commits`",
        ));
    }
    if ahead.commits.is_empty() {
        let base = known.map_or_else(|| remote.name.to_string(), ToString::to_string);
        return Err(Hold::new(
            "nothing-ahead",
            format!("{branch} has no commit that {base} lacks"),
        ));
    }
    Ok(ahead.commits)
}

/// Puts a commit in the form that templates see.
pub(super) fn commit_facts(commit: &Commit) -> CommitFacts {
    CommitFacts {
        id: commit.id.to_string(),
        subject: commit.subject.clone(),
        body: commit.body.clone(),
        author: commit.author.clone(),
    }
}
