//! `Known`: what is known here of a branch that diverged, and what to do about it.

use gix::ObjectId;

/// What the repository knows of the commit that the remote has, and that is no ancestor of what was to be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is here, and has all that was to be pushed.
    Ahead,
    /// It is here: the branch was rewritten here after it was pushed, or somebody else's commits were fetched.
    Here,
    /// It is not here: somebody else pushed.
    Elsewhere,
}

impl Known {
    /// Returns what to do about a branch that is at `old` on the remote, in one line. Where somebody else's commits may be
    /// there, losing them is the last thing that is named.
    pub fn advice(self, branch: &str, remote: &str, old: &ObjectId) -> String {
        match self {
            Self::Ahead => {
                format!("the remote has all of it, and more: git pull --ff-only {remote} {branch}")
            }
            Self::Here => format!(
                "git pull --rebase {remote} {branch}; or, if it was rewritten on purpose: \
                 git push --force-with-lease={branch}:{old} {remote} {branch}"
            ),
            Self::Elsewhere => format!(
                "somebody else pushed: git pull --rebase {remote} {branch}, then push again"
            ),
        }
    }
}
