//! `Rejection`: the kind of refusal, from the messages of git and of the forges.

use crate::read_only::READ_ONLY;

/// Why a remote declined a ref or a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The forge protects the branch.
    Protected,
    /// A rule set of the forge is not met.
    Ruleset,
    /// The forge found a secret in the commits.
    SecretProtection,
    /// The token may not change CI workflows.
    WorkflowScope,
    /// A hook of the remote declined.
    HookDeclined,
    /// Another push holds the ref, or moved it meanwhile.
    Lock,
    /// A branch on the remote has a name that this one would be a directory of, or the other way round.
    RefConflict,
    /// A file or the push is too large.
    TooLarge,
    /// LFS objects are missing on the remote.
    Lfs,
    /// The remote lacks objects that it needs.
    MissingObjects,
    /// The pack did not arrive as it was sent.
    Corrupt,
    /// The remote wants no commits from a shallow clone.
    Shallow,
    /// The branch is checked out in a repository that is not bare.
    CheckedOut,
    /// The remote would lose commits.
    NonFastForward,
    /// The remote wants nothing pushed.
    ReadOnly,
    /// The commits carry an address that the forge was asked to keep private.
    PrivateEmail,
    /// The server's configuration hides refs of this name.
    Hidden,
    /// Something else.
    Other,
}

/// Words and what they mean, in lower case; the first that is found counts.
const WORDS: &[(&str, Rejection)] = &[
    ("push protection", Rejection::SecretProtection),
    ("secret detected", Rejection::SecretProtection),
    ("secrets detected", Rejection::SecretProtection),
    ("email privacy", Rejection::PrivateEmail),
    ("gh007", Rejection::PrivateEmail),
    ("gh013", Rejection::Ruleset),
    ("gh003", Rejection::Protected),
    ("gh006", Rejection::Protected),
    ("protected branch", Rejection::Protected),
    ("workflow` scope", Rejection::WorkflowScope),
    ("`workflows` permission", Rejection::WorkflowScope),
    ("gh001", Rejection::TooLarge),
    ("file size limit", Rejection::TooLarge),
    ("exceeds maximum allowed size", Rejection::TooLarge),
    ("pack exceeds", Rejection::TooLarge),
    ("gh008", Rejection::Lfs),
    ("lfs objects are missing", Rejection::Lfs),
    ("missing lfs", Rejection::Lfs),
    ("exists; cannot create", Rejection::RefConflict),
    ("directory file conflict", Rejection::RefConflict),
    ("refname conflict", Rejection::RefConflict),
    ("case-insensitive filesystem", Rejection::RefConflict),
    ("cannot lock ref", Rejection::Lock),
    ("unable to lock", Rejection::Lock),
    ("failed to lock", Rejection::Lock),
    ("failed to update ref", Rejection::Lock),
    ("incorrect old value", Rejection::Lock),
    ("reference already exists", Rejection::Lock),
    ("checked out", Rejection::CheckedOut),
    ("shallow update not allowed", Rejection::Shallow),
    ("non-fast-forward", Rejection::NonFastForward),
    ("fetch first", Rejection::NonFastForward),
    ("stale info", Rejection::NonFastForward),
    ("missing necessary objects", Rejection::MissingObjects),
    ("unresolved deltas", Rejection::MissingObjects),
    ("did not receive expected object", Rejection::MissingObjects),
    ("read-only", Rejection::ReadOnly),
    ("archived", Rejection::ReadOnly),
    ("deny updating a hidden ref", Rejection::Hidden),
    ("hook declined", Rejection::HookDeclined),
    ("index-pack abnormal exit", Rejection::Corrupt),
    ("unpack-objects abnormal exit", Rejection::Corrupt),
    ("unpacker error", Rejection::Corrupt),
];

impl Rejection {
    /// Tells the kind from the report's reason and from what the remote said beside.
    ///
    /// The reason is asked first; `hook declined` says little, so the messages may say more.
    pub(super) fn of(reason: &str, messages: &[String]) -> Self {
        let meaning = |text: &str| {
            let text = text.to_ascii_lowercase();
            let found = WORDS.iter().find(|(words, _)| text.contains(words));
            found.map(|(_, kind)| *kind)
        };
        let first = meaning(reason);
        match first {
            None | Some(Self::HookDeclined | Self::Protected | Self::Corrupt | Self::Lock) => {
                // By the order of the table, because a rule set's text also names the branch.
                let all = messages.join("\n");
                let more = meaning(&all);
                match (first, more) {
                    // A lock is also what a name cannot get that conflicts with another one.
                    (Some(Self::Lock), Some(Self::RefConflict)) => more,
                    (Some(Self::Lock), _)
                    | (
                        Some(Self::HookDeclined),
                        Some(Self::Lock | Self::RefConflict | Self::Corrupt | Self::Hidden),
                    ) => first,
                    (_, Some(kind)) => Some(kind),
                    (first, None) => first,
                }
                .unwrap_or(Self::Other)
            }
            Some(kind) => kind,
        }
    }

    /// Returns the stable class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Ruleset => "ruleset",
            Self::SecretProtection => "secret-protection",
            Self::WorkflowScope => "workflow-scope",
            Self::HookDeclined => "hook-declined",
            Self::Lock => "lock",
            Self::RefConflict => "ref-conflict",
            Self::TooLarge => "too-large",
            Self::Lfs => "lfs",
            Self::MissingObjects => "missing-objects",
            Self::Corrupt => "corrupt",
            Self::Shallow => "shallow",
            Self::CheckedOut => "checked-out",
            Self::NonFastForward => "diverged",
            Self::ReadOnly => "read-only",
            Self::PrivateEmail => "private-email",
            Self::Hidden | Self::Other => "rejected",
        }
    }

    /// Says whether the same push can succeed later.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Lock)
    }

    /// Returns what to do about it, in one line. `messages` are what the remote said beside.
    pub fn advice(self, messages: &[String]) -> Option<String> {
        let text = match self {
            Self::Protected | Self::Ruleset => {
                "the forge guards this branch: push another one and open a pull request"
            }
            Self::SecretProtection => {
                "take the secret out of the commits, and renew it: it may be known already"
            }
            Self::WorkflowScope => {
                "use a token that may change workflows, or leave them as they are"
            }
            Self::HookDeclined if messages.is_empty() => {
                "a hook of the remote declined, and does not say why: ask who runs the server"
            }
            Self::HookDeclined => "a hook of the remote declined; what the remote said may say why",
            Self::Hidden => {
                "the server keeps branches of this name to itself (`transfer.hideRefs` or `receive.hideRefs` there): rename the branch, git branch -m NAME, or ask who runs the server"
            }
            Self::Lock => "another push was under way: run again",
            Self::RefConflict => {
                "rename the branch, so that its name is no part of another one's on the remote: git branch -m NAME"
            }
            Self::TooLarge => "keep large files out of the history, or use LFS",
            Self::Lfs => "push the LFS objects first: git lfs push --all",
            Self::MissingObjects => {
                "the remote misses objects: git fsck tells whether they are here"
            }
            Self::Corrupt => {
                "the remote could not read the pack: git fsck tells whether it is ours"
            }
            Self::Shallow => "fetch the whole history first: git fetch --unshallow",
            Self::CheckedOut => "push to a bare repository",
            Self::NonFastForward => "fetch and look at what changed on the remote",
            Self::ReadOnly => READ_ONLY,
            Self::PrivateEmail => {
                "commit with the address that the forge gives you, or let it show your own"
            }
            Self::Other => return None,
        };
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reason, the remote's messages, and the class.
    const ROWS: &[(&str, &[&str], &str)] = &[
        (
            "protected branch hook declined",
            &["error: GH006: Protected branch update failed for refs/heads/main."],
            "protected",
        ),
        (
            "push declined due to repository rule violations",
            &["error: GH013: Repository rule violations found for refs/heads/x."],
            "ruleset",
        ),
        (
            "push declined due to repository rule violations",
            &[
                "error: GH013: Repository rule violations",
                "- GITHUB PUSH PROTECTION",
                "Push cannot contain secrets",
            ],
            "secret-protection",
        ),
        (
            "refusing to allow an OAuth App to create or update workflow `.github/workflows/ci.yml` without `workflow` scope",
            &[],
            "workflow-scope",
        ),
        (
            "pre-receive hook declined",
            &[
                "error: GH001: Large files detected.",
                "error: File big is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB",
            ],
            "too-large",
        ),
        (
            "pre-receive hook declined",
            &["GitLab: You are not allowed to push code to protected branches on this project."],
            "protected",
        ),
        (
            "pre-receive hook declined",
            &["we deny updating a hidden ref", "hidden references: no"],
            "hook-declined",
        ),
        ("hook declined", &[], "hook-declined"),
        (
            "failed to update ref",
            &["error: cannot lock ref 'refs/heads/x'"],
            "lock",
        ),
        (
            "failed to update ref",
            &[
                "error: cannot lock ref 'refs/heads/x': 'refs/heads/x/y' exists; cannot create 'refs/heads/x'",
            ],
            "ref-conflict",
        ),
        ("directory file conflict", &[], "ref-conflict"),
        ("refname conflict", &[], "ref-conflict"),
        (
            "failed to update ref",
            &["policy: protected branch"],
            "lock",
        ),
        ("branch is currently checked out", &[], "checked-out"),
        ("shallow update not allowed", &[], "shallow"),
        ("non-fast-forward", &[], "diverged"),
        (
            "pre-receive hook declined",
            &["GitLab: LFS objects are missing. Ensure LFS is properly set up"],
            "lfs",
        ),
        (
            "index-pack abnormal exit",
            &["fatal: pack exceeds maximum allowed size"],
            "too-large",
        ),
        ("unpacker error", &[], "corrupt"),
        ("deny updating a hidden ref", &[], "rejected"),
    ];

    fn class(reason: &str, messages: &[&str]) -> &'static str {
        let messages: Vec<String> = messages.iter().map(|line| (*line).to_owned()).collect();
        Rejection::of(reason, &messages).class()
    }

    #[test]
    fn the_words_of_git_and_of_the_forges_are_understood() {
        for (reason, messages, expected) in ROWS {
            assert_eq!(class(reason, messages), *expected, "{reason} {messages:?}");
        }
    }

    #[test]
    fn a_hook_that_says_nothing_is_not_said_to_say_why() {
        let silent = Rejection::HookDeclined.advice(&[]).unwrap();
        assert!(silent.contains("does not say why"), "{silent}");
        let said = Rejection::HookDeclined.advice(&["policy: no".to_owned()]);
        assert!(said.unwrap().ends_with("may say why"));
    }

    #[test]
    fn only_a_lock_goes_away_by_itself() {
        assert!(Rejection::Lock.is_transient());
        assert!(!Rejection::HookDeclined.is_transient());
    }
}
