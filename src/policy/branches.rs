//! The table `branches`: protected branches, and the base of pull requests.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::BranchName;
use crate::names::BranchNameError;

use super::pattern::Pattern;
use super::text::written_as_text;

/// The built-in list of protected branches.
pub(super) const PROTECTED: [&str; 7] = [
    "main",
    "master",
    "staging",
    "develop",
    "production",
    "release/**",
    "gh-pages",
];

/// Protected branches, and the base of pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Branches {
    /// Branches that are never pushed to, as globs. The union of all layers: no layer can remove a branch that another one adds, and `unprotect` takes names off the built-in list only.
    pub protected: Vec<Pattern>,
    /// Entries of the built-in list that are not protected, spelt as in that list. System and user policy only.
    pub unprotect: Vec<Pattern>,
    /// The base branch of pull requests. `auto`: the first matching rule, the open pull request's base, or the remote's HEAD.
    pub base: Base,
    /// The branch on the remote whose `.sendoff.toml` counts as the repository's policy; it is protected. `auto`: the branch that the remote's HEAD names. Not from a repository.
    pub policy_base: Base,
    /// Rules for branches by name. The first match applies.
    pub rule: Vec<Rule>,
}

crate::classes!(Branches {
    protected: A,
    unprotect: D,
    base: B,
    policy_base: D,
    rule: B,
});

impl Default for Branches {
    fn default() -> Self {
        let built_in = PROTECTED.iter().filter_map(|name| Pattern::new(*name).ok());
        Self {
            protected: built_in.collect(),
            unprotect: Vec::new(),
            base: Base::Auto,
            policy_base: Base::Auto,
            rule: Vec::new(),
        }
    }
}

impl Branches {
    /// Returns the first rule whose pattern matches the branch.
    pub fn rule_for(&self, branch: &BranchName) -> Option<&Rule> {
        self.rule
            .iter()
            .find(|rule| rule.r#match.matches_branch(branch))
    }

    /// Returns the base branch for a branch: its rule's, or `base`; `None` for `auto`.
    pub fn base_for(&self, branch: &BranchName) -> Option<&BranchName> {
        let rule = self.rule_for(branch).and_then(|rule| rule.base.as_ref());
        rule.or_else(|| self.base.branch())
    }
}

/// A rule for branches by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// The branches, as a glob.
    pub r#match: Pattern,
    /// The base branch of their pull requests.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_rule_base"
    )]
    pub base: Option<BranchName>,
    /// Whether their pull requests are drafts; overrides `steps.pr-create.draft`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
}

crate::classes!(Rule {
    r#match: B,
    base: B,
    draft: B,
});

/// Reads a rule's base, which is never `auto`.
fn read_rule_base<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BranchName>, D::Error> {
    let base: ShortName = super::text::text(deserializer, "the name of a branch")?;
    Ok(Some(base.0))
}

/// A branch name that is not a full ref name, which git would read as a branch below
/// `refs/heads/refs/`.
struct ShortName(BranchName);

impl FromStr for ShortName {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("refs/") {
            let short = text.strip_prefix("refs/heads/").map(str::to_owned);
            return Err(BaseError::FullRef(short.unwrap_or_else(|| "main".into())));
        }
        Ok(Self(BranchName::new(text)?))
    }
}

/// Why a text is not a base branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// It is a full ref name instead of a branch name.
    #[error("got a full ref name, wanted a short one such as \"{}\"", .0.escape_debug())]
    FullRef(String),
    /// It is not a valid ref name.
    #[error(transparent)]
    Name(#[from] BranchNameError),
}

/// The base branch of pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Base {
    /// The first matching rule, the open pull request's base, or the remote's HEAD.
    #[default]
    Auto,
    /// This branch.
    Branch(BranchName),
}

written_as_text!(
    Base,
    "\"auto\" or the name of a branch",
    { "title": "`auto` or branch", "type": "string", "minLength": 1 }
);

impl Base {
    /// Returns the branch; `None` for `auto`.
    pub const fn branch(&self) -> Option<&BranchName> {
        match self {
            Self::Auto => None,
            Self::Branch(branch) => Some(branch),
        }
    }
}

impl FromStr for Base {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            Ok(Self::Auto)
        } else {
            ShortName::from_str(text).map(|name| Self::Branch(name.0))
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.branch().map_or("auto", BranchName::as_str))
    }
}

/// Whether a pull request is a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Draft {
    /// Always a draft.
    Always,
    /// Always ready for review.
    Never,
    /// A draft for agent triggers and failed tasks, otherwise ready for review.
    Agent,
    /// As `agent`; otherwise a draft while a commit's subject says WIP, `fixup!`, `squash!` or `amend!`, and ready when none does any more.
    #[default]
    Auto,
}
