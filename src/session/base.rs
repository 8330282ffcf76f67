//! The base branch, as far as it is known without asking a server.

use crate::git::{Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::Hold;
use crate::policy::Policy;
use crate::reason::Code;

/// The base as far as it is known without asking a server.
#[derive(Debug)]
pub(super) struct Base {
    /// What the policy names.
    pub(super) named: Option<BranchName>,
    /// What the clone believes the remote's HEAD to be; good enough to count commits.
    pub(super) hint: Option<BranchName>,
}

/// Finds the base without asking a server. It is never the branch itself. `target` is the remote of the repository
/// that gets the pull request, where that is not the remote that is pushed to.
pub(super) fn base(
    repo: &Repo,
    policy: &Policy,
    branch: &BranchName,
    remote: &Remote,
    target: Option<&Remote>,
) -> Result<Base, Hold> {
    let named = policy.branches().base_for(branch).cloned();
    // What cannot be read is not known; the remote is asked at run time.
    let told_by = |remote| repo.remote_head_hint(remote).ok().flatten();
    let hint = match &named {
        Some(_) => None,
        None => target.and_then(told_by).or_else(|| told_by(remote)),
    };
    // A hint can be stale or forged; it can only hold the branch back.
    if named.as_ref().or(hint.as_ref()) == Some(branch) {
        return Err(Hold::new(
            Code::BaseIsHead,
            format!("{branch} is the base branch itself: its work goes out from another branch"),
        )
        .advise("work on a branch of your own: git switch -c NAME"));
    }
    Ok(Base { named, hint })
}
