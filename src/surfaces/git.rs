//! git's hooks that run when a commit was made: they get no say in it, and git ignores how they end.

use crate::policy::Trigger;

use super::{AsksFor, Installation, Payload, SurfaceDef, WhichRepository};

pub(super) const POST_COMMIT: SurfaceDef = hook(
    "git-post-commit",
    "git's `post-commit` hook: a commit was made.",
    Trigger::GitPostCommit,
);
pub(super) const POST_REWRITE: SurfaceDef = hook(
    "git-post-rewrite",
    "git's `post-rewrite` hook: commits were amended or rebased.",
    Trigger::GitPostRewrite,
);
pub(super) const POST_MERGE: SurfaceDef = hook(
    "git-post-merge",
    "git's `post-merge` hook: a merge went through without a conflict, for which there is no `post-commit`.",
    Trigger::GitPostMerge,
);
pub(super) const POST_APPLYPATCH: SurfaceDef = hook(
    "git-post-applypatch",
    "git's `post-applypatch` hook: `git am` made a commit, for which there is no `post-commit`.",
    Trigger::GitPostApplypatch,
);

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
