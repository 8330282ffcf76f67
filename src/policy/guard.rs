//! The table `guard`: what a branch may bring to the remote. How much it may, `limits` says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::Count;
use super::one_or_more::OneOrMore;
use super::pattern::Pattern;

/// What a branch may bring to the remote. How many commits and bytes, `limits.commits` and `limits.push-size` say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guard {
    /// A branch that changes files with an effect on others: definitions of CI, `CODEOWNERS`, `.gitmodules`, `.sendoff.toml`.
    pub paths: Finding,
    /// Only branches that match this glob are pushed; of a list, all of them. A repository's policy adds its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<OneOrMore<Pattern>>,
    /// A branch with a commit whose subject says WIP, `fixup!`, `squash!` or `amend!`.
    pub private: PrivateCommits,
    /// A branch with a commit whose author's address is not yours: not that of `GIT_AUTHOR_EMAIL` or `user.email`.
    pub foreign_authors: Finding,
    /// The most files that a branch may change. One that changes more is not pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Count>,
}

crate::classes!(Guard {
    paths: AUp("allow < note < hold"),
    branch: A,
    private: AUp("draft < hold"),
    foreign_authors: AUp("allow < note < hold"),
    files: ADown,
});

impl Guard {
    /// Says whether a branch can be held for what is in its commits.
    pub fn holds_by_commits(&self) -> bool {
        self.paths == Finding::Hold
            || self.private == PrivateCommits::Hold
            || self.foreign_authors == Finding::Hold
            || self.files.is_some()
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            paths: Finding::Note,
            branch: None,
            private: PrivateCommits::Draft,
            foreign_authors: Finding::Allow,
            files: None,
        }
    }
}

/// What becomes of a branch in which a guard finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It is pushed without a check.
    Allow,
    /// It is pushed, and the report names what was found.
    Note,
    /// It is not pushed.
    Hold,
}

/// What becomes of a branch with commits that are not meant to be published as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrivateCommits {
    /// It is pushed; `steps.pr-create.draft` says whether its pull request is a draft.
    Draft,
    /// It is not pushed.
    Hold,
}
