//! `Leads`: what of a repository leads to directories elsewhere, and does not prove that it belongs there.

use std::path::{Path, PathBuf};

/// What of a repository leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leads {
    /// The git directory that all work trees of the repository share, after all of it was followed.
    pub common_dir: PathBuf,
    /// Each of them; none in a usual repository.
    pub found: Vec<Lead>,
}

impl Leads {
    /// Returns the link in the place of the directory at `path`.
    pub(super) fn link(&self, path: &Path) -> Option<&Lead> {
        let mut found = self.found.iter();
        found.find(|lead| lead.how == Leading::Link && lead.from == path)
    }
}

/// One way to another directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The file or the link.
    pub from: PathBuf,
    /// Where it leads.
    pub to: PathBuf,
    /// How.
    pub how: Leading,
}

/// How something leads elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// A `.git` file, to the git directory of another linked work tree.
    WorktreeFile,
    /// A `.git` file, to a git directory that has another work tree.
    GitFile,
    /// A symbolic link in the place of a directory.
    Link,
    /// A `.git` or `commondir` file that came or changed since the repository was found.
    Changed,
}
