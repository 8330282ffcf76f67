//! `Divergence`: what is known here of a branch that has other commits on the remote, and what to do about it.

use gix::ObjectId;

use crate::shell_word::shell_word;

/// What the repository knows of the commit that the remote has, and that is no ancestor of what was to be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divergence {
    /// It is here, and has all that was to be pushed.
    Behind,
    /// Likewise, and the branch was at it: commits were taken back here after they were pushed, as by `git reset`.
    TakenBack,
    /// It is here: the branch was rewritten after it was pushed, or somebody else's commits were fetched.
    Fetched,
    /// It is here, and the branch was at it: it was rewritten after it was pushed.
    Rewritten,
    /// It is not here: somebody else pushed.
    NotFetched,
}

impl Divergence {
    /// Returns what it is where the local branch was at the remote's commit once.
    #[must_use]
    pub const fn of_own_commit(self) -> Self {
        match self {
            Self::Behind => Self::TakenBack,
            Self::Fetched => Self::Rewritten,
            other => other,
        }
    }

    /// Returns what to do about a branch that is at `old` on the remote, in one line. Where somebody else's commits may be
    /// there, losing them is the last thing that is named.
    pub fn advice(self, branch: &str, remote: &str, old: &ObjectId) -> String {
        let (remote, branch) = (shell_word(remote), shell_word(branch));
        let replace = format!("git push --force-with-lease={branch}:{old} {remote} {branch}");
        match self {
            Self::Behind => {
                format!("the remote has all of it, and more: git pull --ff-only {remote} {branch}")
            }
            Self::TakenBack => format!(
                "the remote has all of it, and more: git pull --ff-only {remote} {branch}; \
                 or, if that was taken back on purpose: {replace}"
            ),
            Self::Fetched => format!(
                "git pull --rebase {remote} {branch}; or, if it was rewritten on purpose: {replace}"
            ),
            Self::Rewritten => {
                format!("it was rewritten here after it was pushed: {replace}")
            }
            Self::NotFetched => format!(
                "somebody else pushed: git pull --rebase {remote} {branch}, then push again"
            ),
        }
    }
}
