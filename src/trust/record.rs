//! `TrustRecord`: what the user allowed in one repository.

use std::path::{Path, PathBuf};

use faster_hex::hex_string;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{self, Links};

/// The largest program whose content is hashed, in bytes.
const MAX_PROGRAM_SIZE: u64 = 16 << 20;

/// What the user allowed in one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustRecord {
    /// The repository's git directory, for people.
    pub repository: String,
    /// The device and the inode of that directory: trust in keys does not travel with a copy.
    pub(super) place: (u64, u64),
    /// The repositories that it may be pushed to, as [`remote_id`](super::remote_id) names them.
    pub remotes: Vec<String>,
    /// The repositories from which what a partial clone left out may be fetched, besides those, named likewise.
    pub promisors: Vec<String>,
    /// The keys of its policy that count.
    pub keys: Vec<TrustedKey>,
    /// Its git configuration, where that counts.
    pub git_config: Option<TrustedConfig>,
    /// The files and links that may lead to it, and out of it.
    pub git_dir: Vec<TrustedLead>,
}

/// A file or a link that leads to another directory, which the user was shown and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedLead {
    /// The file or the link.
    pub from: PathBuf,
    /// Where it leads.
    pub to: PathBuf,
}

/// A key of a repository's policy that the user was shown and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// The dotted key, or that of a whole step.
    pub key: String,
    /// The value as TOML, on one line, keys sorted.
    pub value: String,
    /// The SHA-256 of key and value.
    pub hash: String,
    /// The files of the work tree that it runs.
    pub files: Vec<ProgramFile>,
    /// When.
    pub trusted_at: Timestamp,
}

/// A file of the work tree that a command names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFile {
    /// The path, relative to the work tree.
    pub path: String,
    /// The SHA-256 of its content.
    pub hash: String,
}

/// Git configuration of a repository that the user was shown and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedConfig {
    /// The SHA-256 of all keys with power and their values.
    pub hash: String,
    /// The keys.
    pub keys: Vec<String>,
    /// When.
    pub trusted_at: Timestamp,
}

/// A key that a repository's policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKey {
    /// The dotted key, or that of a whole step.
    pub key: String,
    /// The value as TOML, on one line, keys sorted.
    pub value: String,
    /// The command that it runs; empty for none.
    pub command: Vec<String>,
}

impl AskedKey {
    /// Returns the key as it is trusted now, with the files of the work tree that its command names.
    pub fn trusted(self, work_tree: &Path, now: Timestamp) -> TrustedKey {
        let named = self.command.iter();
        let files = named
            .filter_map(|word| ProgramFile::of(work_tree, word))
            .collect();
        TrustedKey {
            hash: key_digest(&self.key, &self.value),
            key: self.key,
            value: self.value,
            files,
            trusted_at: now,
        }
    }
}

impl TrustedKey {
    /// Returns the SHA-256 of the key, its value and every file that it runs: what the system's policy lists.
    pub fn whole_hash(&self) -> String {
        let files = self.files.iter();
        let files = files.flat_map(|file| [file.path.as_bytes(), file.hash.as_bytes()]);
        digest(
            [self.key.as_bytes(), self.value.as_bytes()]
                .into_iter()
                .chain(files),
        )
    }

    /// Says whether the key, its value and every file that it runs are what they were.
    pub fn is_unchanged(&self, key: &str, value: &str, work_tree: &Path) -> bool {
        let mut files = self.files.iter();
        self.key == key
            && self.hash == key_digest(key, value)
            && files.all(|file| !file.is_changed(work_tree))
    }
}

impl ProgramFile {
    /// Returns the file of the work tree that an argument of a command names, if it does.
    fn of(work_tree: &Path, word: &str) -> Option<Self> {
        let hash = file_digest(work_tree, word)?;
        Some(Self {
            path: word.to_owned(),
            hash,
        })
    }

    /// Says whether the file is another one by now, or gone.
    pub fn is_changed(&self, work_tree: &Path) -> bool {
        file_digest(work_tree, &self.path).as_ref() != Some(&self.hash)
    }
}

fn key_digest(key: &str, value: &str) -> String {
    digest([key.as_bytes(), value.as_bytes()])
}

/// Returns the SHA-256 of some parts, each separated from the next.
pub fn digest<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex_string(&hasher.finalize())
}

/// Returns the SHA-256 of a regular file below the work tree, or outside where the path is absolute.
fn file_digest(work_tree: &Path, path: &str) -> Option<String> {
    let content = files::read(&work_tree.join(path), MAX_PROGRAM_SIZE, Links::Followed);
    Some(digest([content.ok()??.as_slice()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> AskedKey {
        AskedKey {
            key: "steps.notify".into(),
            value: value.into(),
            command: vec!["./notify.sh".into(), "now".into()],
        }
    }

    #[test]
    fn a_key_is_trusted_with_its_value_and_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        std::fs::write(top.join("notify.sh"), "one").unwrap();
        let trusted = asked("v").trusted(top, Timestamp::UNIX_EPOCH);
        assert_eq!(trusted.files.len(), 1);
        assert!(trusted.is_unchanged("steps.notify", "v", top));
        assert!(!trusted.is_unchanged("steps.notify", "w", top));
        assert!(!trusted.is_unchanged("steps.other", "v", top));
        std::fs::write(top.join("notify.sh"), "two").unwrap();
        assert!(!trusted.is_unchanged("steps.notify", "v", top));
        std::fs::remove_file(top.join("notify.sh")).unwrap();
        assert!(!trusted.is_unchanged("steps.notify", "v", top));
    }

    #[test]
    fn parts_that_are_cut_elsewhere_have_another_digest() {
        let one = digest([b"ab".as_slice(), b"c"]);
        assert_ne!(one, digest([b"a".as_slice(), b"bc"]));
        assert_eq!(one.len(), 64);
    }
}
