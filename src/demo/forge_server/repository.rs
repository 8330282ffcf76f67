//! The forge's repositories and their branches.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::names::BranchName;

/// The commit id that is shown for a branch whose commit is not configured.
const PLACEHOLDER_COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/// A repository on the forge.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The owner's login.
    pub owner: String,
    /// The name.
    pub name: String,
    /// Its numeric id, which a rename keeps.
    pub id: u64,
    /// The default branch.
    pub default_branch: String,
    /// The branches.
    pub branches: Branches,
    /// `owner/name` of the repository that it is a fork of.
    pub fork_of: Option<String>,
    /// Whether draft pull requests are supported.
    pub drafts: Drafts,
    /// The branches that are protected.
    pub protected: Vec<ProtectedBranch>,
    /// The logins that can be assigned or asked for a review, besides the owner.
    pub collaborators: Vec<String>,
}

/// A branch that the forge protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedBranch {
    /// Its name.
    pub name: String,
    /// What protects it.
    pub by: ProtectedBy,
}

/// What protects a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectedBy {
    /// A rule of the repository's, for branches with this pattern, that requires these checks.
    Rule {
        /// The pattern.
        pattern: String,
        /// The checks.
        checks: Vec<String>,
    },
    /// A ruleset, of which the branch's document has no details.
    Ruleset,
}

/// Whether a repository supports draft pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drafts {
    /// It does.
    Supported,
    /// It does not, like a private repository on a free plan.
    Unsupported,
}

/// Which branches a repository has.
#[derive(Debug, Clone)]
pub enum Branches {
    /// Every branch exists, and is ahead of every base.
    Any,
    /// These branches, each with its commit id.
    Listed(BTreeMap<String, String>),
    /// The branches of a bare git repository.
    Bare(PathBuf),
}

impl Repository {
    /// Makes a repository in which every branch exists, with the default branch `main`.
    pub fn new(owner: &str, name: &str) -> Self {
        // An id derived from the name is unique enough here.
        let sum = |text: &str| {
            text.bytes()
                .fold(7, |sum, b| sum * 31 % 999_983 + u64::from(b))
        };
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            id: sum(owner) * 1_000_003 + sum(name),
            default_branch: "main".to_owned(),
            branches: Branches::Any,
            fork_of: None,
            drafts: Drafts::Supported,
            protected: Vec::new(),
            collaborators: Vec::new(),
        }
    }

    /// Returns `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Returns the commit id of a branch, or `None` when there is no such branch.
    pub(super) fn commit(&self, branch: &str) -> Option<String> {
        match &self.branches {
            Branches::Any => Some(PLACEHOLDER_COMMIT.to_owned()),
            Branches::Listed(branches) => branches.get(branch).cloned(),
            Branches::Bare(directory) => read_ref(directory, &BranchName::new(branch).ok()?),
        }
    }

    /// Says whether `head` has commits that `base` lacks; both are commit ids.
    pub(super) fn has_commits_between(&self, base: &str, head: &str) -> bool {
        matches!(self.branches, Branches::Any) || base != head
    }

    pub(super) fn may_review(&self, login: &str) -> bool {
        let mut known = self.collaborators.iter().chain([&self.owner]);
        known.any(|known| known.eq_ignore_ascii_case(login))
    }

    pub(super) fn is_named(&self, full_name: &str) -> bool {
        self.full_name().eq_ignore_ascii_case(full_name)
    }
}

/// Reads a branch of a bare repository, from its loose file or from `packed-refs`.
fn read_ref(directory: &Path, branch: &BranchName) -> Option<String> {
    let name = branch.full();
    if let Ok(loose) = std::fs::read_to_string(directory.join(&name)) {
        return Some(loose.trim().to_owned());
    }
    let packed = std::fs::read_to_string(directory.join("packed-refs")).ok()?;
    let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
    lines
        .find(|(_, found)| *found == name)
        .map(|(commit, _)| commit.to_owned())
}
