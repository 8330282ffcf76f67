//! `Content`: what lies at a path, and how it is read.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::{Links, read};

use super::error::InstallError;

/// The largest file that is edited, in bytes.
const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link, which leads there.
    Link(PathBuf),
}

impl Content {
    /// Reads what lies at `path`; links are not followed. Nothing where nothing is.
    pub fn at(path: &Path) -> Result<Option<Self>, InstallError> {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(InstallError::read(path, error)),
        };
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(|error| InstallError::read(path, error))?;
            return Ok(Some(Self::Link(target)));
        }
        let bytes = read(path, MAX_FILE_SIZE, Links::Refused)
            .map_err(|error| InstallError::read(path, error))?;
        Ok(bytes.map(|bytes| Self::File {
            bytes,
            mode: metadata.permissions().mode() & 0o7777,
        }))
    }

    /// Makes a file that can be run.
    pub fn program(text: String) -> Self {
        Self::File {
            bytes: text.into_bytes(),
            mode: 0o755,
        }
    }

    /// Returns the text of a file; nothing for a link, and for bytes that are no text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::File { bytes, .. } => std::str::from_utf8(bytes).ok(),
            Self::Link(_) => None,
        }
    }

    /// Says whether it is a file that may be run.
    pub const fn is_executable(&self) -> bool {
        matches!(self, Self::File { mode, .. } if *mode & 0o111 != 0)
    }

    /// Returns the SHA-256 of a file's bytes, in hexadecimal.
    pub(super) fn digest(&self) -> Option<String> {
        match self {
            Self::File { bytes, .. } => Some(digest(bytes)),
            Self::Link(_) => None,
        }
    }
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

/// Returns the file that `path` leads to, and refuses one outside of `top`, to which a link may lead.
///
/// What is not there yet is looked for below the last directory that is.
pub(super) fn resolve(path: &Path, top: &Path) -> Result<PathBuf, InstallError> {
    let real_top = top
        .canonicalize()
        .map_err(|error| InstallError::read(top, error))?;
    let mut missing = Vec::new();
    let mut known = path;
    let real = loop {
        match known.canonicalize() {
            Ok(real) => break real,
            // A link that leads nowhere is there all the same.
            Err(error) if known.is_symlink() && error.kind() == ErrorKind::NotFound => {
                return Err(InstallError::read(known, "it is a link that leads nowhere"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(InstallError::read(known, error)),
        }
        let (Some(parent), Some(name)) = (known.parent(), known.file_name()) else {
            return Err(InstallError::read(path, "the path has no beginning"));
        };
        missing.push(name);
        known = parent;
    };
    if !real.starts_with(&real_top) {
        return Err(InstallError::Outside {
            path: path.to_owned(),
            leads_to: real,
            top: real_top,
        });
    }
    Ok(missing
        .into_iter()
        .rev()
        .fold(real, |path, name| path.join(name)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_followed_within_its_top_and_not_out_of_it() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        fs::create_dir_all(at("home/dotfiles")).unwrap();
        fs::write(at("home/dotfiles/settings"), "").unwrap();
        fs::write(at("outside"), "").unwrap();
        symlink("dotfiles/settings", at("home/inner")).unwrap();
        symlink("../outside", at("home/outer")).unwrap();
        symlink("nowhere", at("home/dangling")).unwrap();
        let resolve = |name: &str| resolve(&at(name), &at("home"));
        assert_eq!(resolve("home/inner").unwrap(), at("home/dotfiles/settings"));
        assert_eq!(resolve("home/new/a/b").unwrap(), at("home/new/a/b"));
        assert!(matches!(
            resolve("home/outer"),
            Err(InstallError::Outside { .. })
        ));
        assert!(resolve("home/dangling").is_err());
    }
}
