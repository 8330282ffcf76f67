//! `TrustedKeys`: the keys of a repository's policy that the user trusts, each with its value.

use std::collections::BTreeSet;

/// The keys of a repository's policy that count because the user was shown them, each with the value that was shown.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    keys: BTreeSet<(String, String)>,
    files: Vec<PinnedFile>,
}

/// A file of the work tree that a trusted key runs, as it was when it was trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    /// The path, relative to the work tree, as the key names it.
    pub path: String,
    /// The SHA-256 of its content.
    pub hash: String,
}

impl TrustedKeys {
    /// Says whether a key counts with this value: TOML on one line, keys sorted.
    pub(super) fn has(&self, key: &str, value: &str) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|(trusted, as_shown)| trusted == key && as_shown == value)
    }

    /// Returns the files that the keys run.
    pub(super) fn files(&self) -> &[PinnedFile] {
        &self.files
    }

    /// Adds the files that the keys run.
    #[must_use]
    pub fn with_files(mut self, files: Vec<PinnedFile>) -> Self {
        self.files = files;
        self
    }
}

impl FromIterator<(String, String)> for TrustedKeys {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(keys: T) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            files: Vec::new(),
        }
    }
}
