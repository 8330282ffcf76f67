//! `Place` and `Slot`: which repository and branch a row is about.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A repository and a branch: one worker at a time works on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// The git directory that all work trees of the repository share; empty outside of a repository.
    #[serde(with = "path_bytes")]
    pub repository: PathBuf,
    /// The branch; empty while HEAD names none, or it is not known.
    pub branch: String,
}

/// The directories of a slot's work on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The git directory of the work tree; none outside of a repository.
    #[serde(with = "some_path_bytes")]
    pub git_dir: Option<PathBuf>,
    /// The top of the work tree.
    #[serde(with = "some_path_bytes")]
    pub work_tree: Option<PathBuf>,
    /// The directory that the caller worked in.
    #[serde(with = "path_bytes")]
    pub directory: PathBuf,
}

/// Returns the bytes of a path, as the store keeps it.
pub(super) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Makes a path of the bytes that the store kept.
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Writes a path as its bytes, which need not be UTF-8.
mod path_bytes {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        super::bytes(path).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        Vec::<u8>::deserialize(from).map(|bytes| super::path(&bytes))
    }
}

/// The same for a path that may be absent.
mod some_path_bytes {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands out the field")]
    pub(super) fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        path.as_deref().map(super::bytes).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let bytes = Option::<Vec<u8>>::deserialize(from)?;
        Ok(bytes.map(|bytes| super::path(&bytes)))
    }
}
