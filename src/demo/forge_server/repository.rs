//! The repositories of the forge, and the branches that it knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::names::BranchName;

use super::State;

/// The commit that is shown where nobody said which one it is.
const UNKNOWN_COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/// A repository on the forge.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The owner's login.
    pub owner: String,
    /// The name.
    pub name: String,
    /// A number of its own; a rename keeps it.
    pub id: u64,
    /// The default branch.
    pub default_branch: String,
    /// The branches.
    pub branches: Branches,
    /// `owner/name` of the repository that it is a fork of.
    pub fork_of: Option<String>,
    /// Whether its plan has drafts.
    pub drafts: Drafts,
    /// Who can be assigned and asked for a review, beside the owner.
    pub collaborators: Vec<String>,
}

/// Whether a repository has draft pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drafts {
    /// It has.
    Supported,
    /// It has not: a private repository on a free plan.
    Unsupported,
}

/// What the forge knows of a repository's branches.
#[derive(Debug, Clone)]
pub enum Branches {
    /// Whatever is named exists, and is ahead of every base.
    Any,
    /// These exist, with these commits. Equal commits have no commits between them.
    Listed(BTreeMap<String, String>),
    /// Those of a bare git repository.
    Bare(PathBuf),
}

impl Repository {
    /// Makes a repository whose branches nobody counts, with the default branch `main`.
    pub fn new(owner: &str, name: &str) -> Self {
        // Unique enough: a small number made of the name.
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
            collaborators: Vec::new(),
        }
    }

    /// Returns `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Returns the commit of a branch, or nothing when there is no such branch.
    pub(super) fn commit(&self, branch: &str) -> Option<String> {
        match &self.branches {
            Branches::Any => Some(UNKNOWN_COMMIT.to_owned()),
            Branches::Listed(branches) => branches.get(branch).cloned(),
            Branches::Bare(directory) => read_ref(directory, &BranchName::new(branch).ok()?),
        }
    }

    /// Says whether two branches have commits between them, as far as is known.
    pub(super) fn has_commits_between(&self, base: &str, head: &str) -> bool {
        matches!(self.branches, Branches::Any) || base != head
    }

    pub(super) fn may_review(&self, login: &str) -> bool {
        let mut known = self.collaborators.iter().chain([&self.owner]);
        known.any(|known| known.eq_ignore_ascii_case(login))
    }

    fn is_named(&self, full_name: &str) -> bool {
        self.full_name().eq_ignore_ascii_case(full_name)
    }
}

impl State {
    pub(super) fn position(&self, full_name: &str) -> Option<usize> {
        self.repositories
            .iter()
            .position(|repository| repository.is_named(full_name))
    }

    pub(super) fn by_id(&self, id: u64) -> Option<usize> {
        self.repositories
            .iter()
            .position(|repository| repository.id == id)
    }

    pub(super) fn moved(&self, full_name: &str) -> Option<usize> {
        let mut old = self.renamed.iter();
        old.find(|(name, _)| name.eq_ignore_ascii_case(full_name))
            .map(|(_, place)| *place)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let Some(place) = self.position(from) else {
            return;
        };
        if let (Some(repository), Some((owner, name))) =
            (self.repositories.get_mut(place), to.split_once('/'))
        {
            owner.clone_into(&mut repository.owner);
            name.clone_into(&mut repository.name);
            self.renamed.push((from.to_owned(), place));
        }
    }
}

/// Reads a branch of a bare repository, loose or packed.
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
