//! `Content`: the file or link at a path.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use faster_hex::hex_string;
use sha2::{Digest, Sha256};

use crate::files::{Links, read};

use super::error::InstallError;

/// The largest file that is edited, in bytes.
const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;

/// The file or link at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link with this target.
    Link(PathBuf),
}

impl Content {
    /// Reads the file or link at `path`; `None` where there is none. Links are not followed.
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

    /// Makes a file of a text.
    pub fn file(text: String, mode: u32) -> Self {
        let bytes = text.into_bytes();
        Self::File { bytes, mode }
    }

    /// Makes an executable file.
    pub fn program(text: String) -> Self {
        Self::file(text, 0o755)
    }

    /// Returns the text and the mode of a file that is to be edited; an empty text and `new_mode` where there is none. The
    /// error says why it cannot be edited.
    pub(super) fn to_edit(
        content: Option<&Self>,
        new_mode: u32,
    ) -> Result<(&str, u32), &'static str> {
        match content {
            None => Ok(("", new_mode)),
            Some(content @ Self::File { mode, .. }) => {
                Ok((content.text().ok_or("it is not UTF-8")?, *mode))
            }
            Some(Self::Link(_)) => Err("it is a link"),
        }
    }

    /// Returns the bytes of a file; `None` for a link.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::File { bytes, .. } => Some(bytes),
            Self::Link(_) => None,
        }
    }

    /// Returns the text of a file; `None` for a link, and for bytes that are not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Says whether it is an executable file.
    pub const fn is_executable(&self) -> bool {
        matches!(self, Self::File { mode, .. } if *mode & 0o111 != 0)
    }

    /// Returns the SHA-256 of a file's bytes, in hexadecimal.
    pub(super) fn digest(&self) -> Option<String> {
        self.bytes().map(digest)
    }
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex_string(&Sha256::digest(bytes))
}

/// Resolves the links in `path`, and refuses a result outside of `top`.
///
/// For a path that does not exist the links of its existing part are resolved.
pub(super) fn resolve(path: &Path, top: &Path) -> Result<PathBuf, InstallError> {
    let real_top = top
        .canonicalize()
        .map_err(|error| InstallError::read(top, error))?;
    let mut missing = Vec::new();
    let mut known = path;
    let real = loop {
        match known.canonicalize() {
            Ok(real) => break real,
            // A dangling link is an error, not a missing file.
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
