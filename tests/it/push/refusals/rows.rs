//! The refusals: who says what, and the class that it stands for.

/// How a remote declines.
#[derive(Clone, Copy)]
pub(super) enum Hook {
    /// Its `pre-receive` hook says this and ends with 1.
    PreReceive,
    /// Its `update` hook does.
    Update,
    /// Its server gives this reason for the ref.
    Server(&'static str),
}

/// A refusal of a hook: what it is, who says it, what is said, the class that it stands for.
pub(super) type Row = (&'static str, Hook, &'static str, &'static str);

pub(super) const ROWS: &[Row] = &[
    (
        "a hook of the remote",
        Hook::PreReceive,
        "policy: no\nask the admins",
        "hook-declined",
    ),
    (
        "an update hook",
        Hook::Update,
        "commit messages need a ticket",
        "hook-declined",
    ),
    (
        "GitHub: a rule",
        Hook::Server("push declined due to repository rule violations"),
        "error: GH013: Repository rule violations found for refs/heads/feature.\n\
         Review all repository rules at https://github.com/o/r/rules?ref=refs%2Fheads%2Ffeature\n\n\
         - Commits must have verified signatures.\n  Found 1 violation:",
        "ruleset",
    ),
    (
        "GitHub: a protected branch",
        Hook::Server("protected branch hook declined"),
        "error: GH006: Protected branch update failed for refs/heads/feature.\n\
         error: Changes must be made through a pull request.",
        "protected",
    ),
    (
        "GitHub: no force",
        Hook::Server("pre-receive hook declined"),
        "error: GH003: Sorry, force-pushing to feature is not allowed.",
        "protected",
    ),
    (
        "GitHub: a secret",
        Hook::Server("push declined due to repository rule violations"),
        "error: GH013: Repository rule violations found for refs/heads/feature.\n\n\
         - GITHUB PUSH PROTECTION\n    Resolve the following violations before pushing again\n\
         \n    - Push cannot contain secrets\n\n     —— GitHub Personal Access Token ——\n\
         \u{20}      locations:\n         - commit: 8728dbe67\n           path: config.env:1",
        "secret-protection",
    ),
    (
        "GitLab: a secret",
        Hook::PreReceive,
        "GitLab:\nPUSH BLOCKED: Secrets detected in code changes\n\
         -- config.env:1 | GitLab personal access token",
        "secret-protection",
    ),
    (
        "GitHub: a workflow",
        Hook::Server(
            "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` without `workflow` scope",
        ),
        "",
        "workflow-scope",
    ),
    (
        "GitHub: a workflow, by an app",
        Hook::Server(
            "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission",
        ),
        "",
        "workflow-scope",
    ),
    (
        "GitHub: a private address",
        Hook::Server("push declined due to email privacy restrictions"),
        "error: GH007: Your push would publish a private email address.\n\
         You can make your email public or disable this protection by visiting:\n\
         https://github.com/settings/emails",
        "private-email",
    ),
    (
        "GitHub: a file that is too large",
        Hook::PreReceive,
        "error: File big.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB\n\
         error: GH001: Large files detected. You may want to try Git Large File Storage.",
        "too-large",
    ),
    (
        "GitLab: a pack that is too large",
        Hook::PreReceive,
        "fatal: pack exceeds maximum allowed size",
        "too-large",
    ),
    (
        "GitHub: files of LFS that are missing",
        Hook::PreReceive,
        "error: GH008: Your push referenced at least 1 unknown Git LFS object:\n\
         \u{20}   4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
         Try to push them with 'git lfs push --all'.",
        "lfs",
    ),
    (
        "GitLab: files of LFS that are missing",
        Hook::PreReceive,
        "GitLab: LFS objects are missing. Ensure LFS is properly set up or try a manual \"git lfs push --all\".",
        "lfs",
    ),
    (
        "GitLab: a protected branch",
        Hook::PreReceive,
        "GitLab: You are not allowed to push code to protected branches on this project.",
        "protected",
    ),
    (
        "Gitea: a protected branch",
        Hook::PreReceive,
        "Gitea: Not allowed to push to protected branch feature",
        "protected",
    ),
    (
        "GitLab: read-only",
        Hook::PreReceive,
        "GitLab: You can't push code to a read-only GitLab instance.",
        "read-only",
    ),
    (
        "an archived repository",
        Hook::Server("repository is archived"),
        "",
        "read-only",
    ),
    (
        "another push at the same time",
        Hook::Server("failed to update ref"),
        "error: cannot lock ref 'refs/heads/feature': is at 8728dbe but expected 9640672",
        "lock",
    ),
    (
        "a server that is short of words",
        Hook::Server("no"),
        "",
        "rejected",
    ),
];
