//! `FirstOrigin`: the origin that a token file was first sent to, and is bound to from then on.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use faster_hex::hex_string;
use sha2::{Digest, Sha256};

use crate::files::{Links, make_private_directory, read};
use crate::names::Origin;

use super::error::{PlatformError, PlatformErrorClass};

/// The largest record that is read, in bytes.
const MAX_RECORD_SIZE: u64 = 4096;

/// The record of the origin that a token file was first sent to.
///
/// Where no policy names the platform's address it comes from a variable, and whoever runs a commit below an agent
/// sets those.
#[derive(Debug, Clone)]
pub struct FirstOrigin {
    record: PathBuf,
}

impl FirstOrigin {
    /// Finds the record of a token's file below a state directory. Nothing is read yet.
    pub fn below(state: &Path, token: &Path) -> Self {
        let real = fs::canonicalize(token);
        let real = real.as_deref().unwrap_or(token);
        // Where a secret is mounted, each of its versions lies in a directory that is called `..` and a time.
        let is_lasting = |part: &Component<'_>| !part.as_os_str().as_bytes().starts_with(b"..");
        let lasting: PathBuf = real.components().filter(is_lasting).collect();
        let hash = Sha256::digest(lasting.as_os_str().as_bytes());
        let record = state.join("platform").join(hex_string(&hash));
        Self { record }
    }

    /// Refuses another origin than the first one. A record that cannot be read refuses each.
    pub(super) fn check(&self, origin: &Origin) -> Result<(), PlatformError> {
        let refuse = |why: String| Err(PlatformError::new(PlatformErrorClass::TokenUnbound, why));
        match read(&self.record, MAX_RECORD_SIZE, Links::Refused) {
            Ok(None) => Ok(()),
            Ok(Some(first)) if first == origin.to_string().as_bytes() => Ok(()),
            Ok(Some(first)) => refuse(format!(
                "the token is not sent to {origin}: it went to {} first",
                String::from_utf8_lossy(&first)
            )),
            Err(error) => refuse(format!(
                "the token is not sent: where it went first cannot be read from {}: {error}",
                self.record.display()
            )),
        }
    }

    /// Keeps the origin that answered, where none is kept.
    pub(super) fn keep(&self, origin: &Origin) {
        if let Err(error) = self.try_keep(origin) {
            tracing::debug!(%error, "where the token went first is not kept");
        }
    }

    fn try_keep(&self, origin: &Origin) -> io::Result<()> {
        if self.record.try_exists()? {
            return Ok(());
        }
        let directory = self.record.parent().unwrap_or(Path::new("/"));
        make_private_directory(directory)?;
        // Made for its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        write!(file, "{origin}")?;
        match file.persist_noclobber(&self.record) {
            Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_next_version_of_a_mounted_secret_is_the_same_file() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        symlink("..data/token", at("token")).unwrap();
        let mut records = Vec::new();
        for version in ["..2026_11_01", "..2026_11_02"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("token"), version).unwrap();
            let _none = fs::remove_file(at("..data"));
            symlink(version, at("..data")).unwrap();
            records.push(FirstOrigin::below(place.path(), &at("token")).record);
        }
        symlink(at("token"), at("other")).unwrap();
        records.push(FirstOrigin::below(place.path(), &at("other")).record);
        assert!(
            records.iter().all(|record| *record == records[0]),
            "{records:?}"
        );
    }
}
