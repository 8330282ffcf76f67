//! git's hooks that run when a commit was made: they get no say in it, and git ignores how they end.

use std::ffi::OsStr;

use crate::policy::Trigger;

use super::{AsksFor, Gate, Installation, Payload, SurfaceDef, WhichRepository};

pub(super) const POST_COMMIT: SurfaceDef = hook(
    "git-post-commit",
    "git's `post-commit` hook: a commit was made.",
    Trigger::GitPostCommit,
);
pub(super) const POST_REWRITE: SurfaceDef = SurfaceDef {
    payload: Payload::Word(of_rewrite),
    ..hook(
        "git-post-rewrite",
        "git's `post-rewrite` hook: commits were rebased. After an amend git has called `post-commit` already.",
        Trigger::GitPostRewrite,
    )
};
pub(super) const POST_MERGE: SurfaceDef = SurfaceDef {
    payload: Payload::Word(of_merge),
    ..hook(
        "git-post-merge",
        "git's `post-merge` hook: a merge went through without a conflict, for which there is no `post-commit`.",
        Trigger::GitPostMerge,
    )
};
pub(super) const POST_APPLYPATCH: SurfaceDef = hook(
    "git-post-applypatch",
    "git's `post-applypatch` hook: `git am` made a commit, for which there is no `post-commit`.",
    Trigger::GitPostApplypatch,
);

/// Git's first argument says which command rewrote the commits.
fn of_rewrite(command: Option<&OsStr>) -> Gate {
    if command.is_some_and(|command| command == "amend") {
        Gate::Closed("git called post-commit for the amended commit")
    } else {
        Gate::Open
    }
}

/// Git's first argument says whether it was a squash, which leaves the commit to the user.
fn of_merge(is_squash: Option<&OsStr>) -> Gate {
    if is_squash.is_some_and(|word| word == "1") {
        Gate::Closed("a squash makes no commit")
    } else {
        Gate::Open
    }
}

const fn hook(name: &'static str, about: &'static str, trigger: Trigger) -> SurfaceDef {
    SurfaceDef {
        name,
        about,
        trigger,
        asks_for: AsksFor::Pipeline("post-commit"),
        payload: Payload::Ignored,
        repository: WhichRepository::NamedByGit,
        neutral: "",
        left_to_host: None,
        installation: Installation::GitHook,
    }
}
