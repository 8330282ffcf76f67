//! The history of the branch at work, listed up to what the policy lets out.

use gix::ObjectId;

use crate::git::{Ahead, Commit, RangeError, Remote, Repo};
use crate::names::{BranchName, shell_word};
use crate::pipeline::Hold;
use crate::reason::{Code, Reason};

use super::bases::{Bases, Sides};
use super::load;

/// The history of a branch whose commits are listed.
pub(super) struct History<'r> {
    pub(super) repo: &'r Repo,
    pub(super) branch: &'r BranchName,
    pub(super) head: ObjectId,
    /// The most commits that the policy lets out.
    pub(super) limit: usize,
    /// Whether a guard has to see each of them: what any remote has counts as well then.
    pub(super) is_guarded: bool,
}

impl History<'_> {
    /// Lists the commits ahead of the base, oldest first, or says why the branch is held.
    pub(super) fn ahead(
        &self,
        bases: &Bases,
        sides: Sides<'_>,
        known: Option<&BranchName>,
    ) -> Result<Vec<Commit>, Hold> {
        let mut ahead = match self.repo.ahead(self.head, &bases.ids, self.limit) {
            // What a partial clone left out is fetched for the push.
            Err(RangeError::Missing(_)) if self.repo.is_partial() => return self.last_commit(),
            ahead => ahead.map_err(|error| self.unreadable(&error))?,
        };
        if ahead.commits.is_empty() && bases.ids.len() > 1 && sides.base.is_some() {
            // Commits that the fork's base has and the target's lacks are what the pull request brings.
            ahead = self.beyond(bases.tip.as_slice())?;
        }
        if ahead.commits.is_empty() {
            let base = bases.tip.and(known);
            return match nothing(self, sides.remote, base, &bases.ids) {
                Some(nothing) => Err(nothing),
                // Other branches have its commits, as when another branch was begun from it.
                None => self.last_commit(),
            };
        }
        if !ahead.truncated {
            return Ok(ahead.commits);
        }
        if let Some(fewer) = self.beyond_more(bases, sides.remote)? {
            return Ok(fewer);
        }
        if bases.are_tracked {
            return Err(self.too_many());
        }
        self.last_commit()
    }

    /// Lists the commits that none of `bases` has.
    fn beyond(&self, bases: &[ObjectId]) -> Result<Ahead, Hold> {
        let ahead = self.repo.ahead(self.head, bases, self.limit);
        ahead.map_err(|error| self.unreadable(&error))
    }

    /// Lists the commits beyond what was pushed or fetched as well, where that leaves few enough.
    fn beyond_more(&self, bases: &Bases, remote: &Remote) -> Result<Option<Vec<Commit>>, Hold> {
        let few = |ahead: Ahead| {
            let are_few = !ahead.truncated && !ahead.commits.is_empty();
            are_few.then_some(ahead.commits)
        };
        // A clone of one branch knows no base: what was pushed of it before is not about to leave.
        if bases.tip.is_none()
            && let Ok(Some(own)) = self.repo.tracking_tip(remote, self.branch)
        {
            let pushed = [bases.ids.as_slice(), &[own]].concat();
            if let Some(few) = few(self.beyond(&pushed)?) {
                return Ok(Some(few));
            }
        }
        if self.is_guarded || !bases.are_tracked {
            return Ok(None);
        }
        // The tracking ref of the base may be old: what was fetched by URL since is on a remote as well. The push counts
        // again by what the remote lists.
        let fetched = self.repo.fetched_tips(self.branch);
        // So is what was fetched of any other remote, such as the upstream of a fork.
        let of_others = self.repo.tips_of_remotes(self.branch);
        let fetched = [fetched, of_others.unwrap_or_default()].concat();
        if fetched.is_empty() {
            return Ok(None);
        }
        let fetched = [bases.ids.as_slice(), &fetched].concat();
        Ok(few(self.beyond(&fetched)?))
    }

    /// Returns the last commit, which stands for all where they cannot be listed.
    fn last_commit(&self) -> Result<Vec<Commit>, Hold> {
        let commit = self.repo.commit(self.head);
        commit
            .map(|commit| vec![commit])
            .map_err(|error| self.unreadable(&error))
    }

    fn too_many(&self) -> Hold {
        let sentence = format!(
            "{} has more than {} commits to ship, the most that the policy lets out",
            self.branch, self.limit
        );
        Hold::new(Code::TooManyCommits, sentence).advise(
            "check that the base is right (`branches.base`) and fetched, or raise `limits.commits`",
        )
    }

    /// Says why a branch is held whose history cannot be read.
    fn unreadable(&self, error: &RangeError) -> Hold {
        let message = format!("the history of {} cannot be read: {error}", self.branch);
        match error {
            RangeError::Open(error) => load::bad_repository(error),
            RangeError::Stopped => took_too_long(),
            RangeError::TooLarge(_) => {
                Hold::broken(Reason::new(Code::TooLarge, message).advise(
                    "take the commit out of the branch: a commit is text of a few kilobytes",
                ))
            }
            RangeError::Missing(_)
            | RangeError::Corrupt(_)
            | RangeError::Read { .. }
            | RangeError::History(_) => {
                let advice = if self.repo.is_partial() {
                    "the clone is partial: fetch what it lacks with git fetch --refetch, or check it with git fsck"
                } else {
                    "check the repository: git fsck"
                };
                Hold::broken(Reason::new(Code::Corrupt, message).advise(advice))
            }
        }
    }
}

/// Says that there is nothing to ship, or that this cannot be known without a base: another branch on the remote is at the
/// same commit. Returns `None` where there may be something.
fn nothing(
    history: &History<'_>,
    remote: &Remote,
    base: Option<&BranchName>,
    others: &[ObjectId],
) -> Option<Hold> {
    let (branch, head) = (history.branch, history.head);
    if let Some(base) = base {
        return Some(Hold::new(
            Code::NothingAhead,
            format!("{branch} has no commit that {base} lacks"),
        ));
    }
    if history
        .repo
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
        shell_word(remote.name.as_str())
    )))
}

/// Returns why a branch is held that cannot be inspected before the run has to end.
pub(super) fn took_too_long() -> Hold {
    let message = "to look at the branch took until shortly before the deadline (limits.deadline)";
    Hold::broken(Reason::new(Code::Deadline, message))
        .advise("check what the branch carries, or raise `limits.deadline`")
}
