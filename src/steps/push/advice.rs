//! One line of advice on a push that failed, for errors that depend on the policy.

use sendoff_push::PushError;

use crate::git::push::{BranchPushError, LocalCheckError, TransportError};

/// Returns what to do about a push that failed, in one line.
pub fn advice(error: &BranchPushError) -> Option<String> {
    policy_advice(error)
        .map(ToOwned::to_owned)
        .or_else(|| error.advice())
}

/// Returns the advice that names a key of the policy, or the program.
fn policy_advice(error: &BranchPushError) -> Option<&'static str> {
    match error.transport() {
        Some(TransportError::FileRemote) => {
            return Some("allow it with `remotes.allow-file = true` in your own policy");
        }
        Some(TransportError::PlainHttp) => {
            return Some("use https or ssh, or list the host in your own policy");
        }
        _ => {}
    }
    match error.local_check() {
        Some(LocalCheckError::HookTimeout(_)) => {
            return Some("make the pre-push hook quicker, or raise `limits.hook-timeout`");
        }
        Some(LocalCheckError::TooManyCommits { .. }) => {
            return Some(
                "check which branch it was begun from, or raise `limits.commits` in your own policy",
            );
        }
        _ => {}
    }
    let BranchPushError::Push(error) = error else {
        return None;
    };
    Some(match error {
        PushError::Promisor(error) if error.class() != "too-large" => return None,
        PushError::NotConfirmed(_) => {
            "push another branch; protected branches change by pull request"
        }
        PushError::PushSize { .. } | PushError::Promisor(_) => {
            "check what the branch carries, or raise `limits.push-size` in your own policy"
        }
        PushError::Lfs { .. } => {
            "let git-lfs send them: `git lfs install`, and `steps.push.hooks = \"run\"` in your own policy"
        }
        PushError::NoPushOptions => {
            "take the options out for this remote: `steps.push.options` in the policy, `push.pushOption` in the git configuration"
        }
        PushError::UnknownOutcome { .. } => "run sendoff again: it asks the remote first",
        _ => return None,
    })
}
