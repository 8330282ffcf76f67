//! `TrustRecords`: where the records of all repositories are kept, one file each, for their owner alone.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::files::{self, FileError, Links};

use super::record::{TrustRecord, digest};

/// The largest record, in bytes.
const RECORD_LIMIT: u64 = 4 << 20;

/// The records below a state directory.
#[derive(Debug, Clone)]
pub struct TrustRecords {
    directory: PathBuf,
}

/// Why a record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("the record of what is trusted, {path}, cannot be read")]
    Read {
        /// Where it is.
        path: String,
        /// Why not.
        source: FileError,
    },
    /// It is damaged.
    #[error("the record of what is trusted, {path}, is damaged: {why}")]
    Damaged {
        /// Where it is.
        path: String,
        /// How.
        why: String,
    },
    /// It cannot be written.
    #[error("what is trusted cannot be kept in {path}")]
    Write {
        /// Where it would be.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

impl TrustRecords {
    /// Opens the records below a state directory. Nothing is read yet.
    pub fn below(state: &Path) -> Self {
        Self {
            directory: state.join("trust"),
        }
    }

    /// Returns the record of a repository, by the git directory that its work trees share; `None` where there is
    /// none. Of a repository that replaced another one at its path only the remotes are returned.
    pub fn of(&self, common_dir: &Path) -> Result<Option<TrustRecord>, TrustError> {
        let path = self.path(common_dir);
        let shown = || path.display().to_string();
        let read = files::read(&path, RECORD_LIMIT, Links::Refused);
        let read = read.map_err(|source| TrustError::Read {
            path: shown(),
            source,
        })?;
        let Some(bytes) = read else {
            return Ok(None);
        };
        let record = serde_json::from_slice::<TrustRecord>(&bytes);
        let record = record.map_err(|error| TrustError::Damaged {
            path: shown(),
            why: error.to_string(),
        })?;
        if Some(record.place) == place(common_dir) {
            return Ok(Some(record));
        }
        Ok(Some(TrustRecord {
            remotes: record.remotes,
            ..TrustRecord::default()
        }))
    }

    /// Changes the record of a repository.
    pub fn change(
        &self,
        common_dir: &Path,
        change: impl FnOnce(&mut TrustRecord),
    ) -> Result<(), TrustError> {
        let mut record = self.of(common_dir)?.unwrap_or_default();
        record.repository = common_dir.display().to_string();
        record.place = place(common_dir).unwrap_or_default();
        change(&mut record);
        let path = self.path(common_dir);
        serde_json::to_vec_pretty(&record)
            .map_err(io::Error::from)
            .and_then(|content| files::replace(&path, &content))
            .map_err(|source| TrustError::Write {
                path: path.display().to_string(),
                source,
            })
    }

    fn path(&self, common_dir: &Path) -> PathBuf {
        let real = common_dir.canonicalize();
        let real = real.as_deref().unwrap_or(common_dir);
        let name = digest([real.as_os_str().as_bytes()]);
        self.directory.join(format!("{name}.json"))
    }
}

/// Returns the device and the inode of a directory.
fn place(directory: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(directory).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_record_is_its_owners_and_does_not_travel() {
        let directory = tempfile::tempdir().unwrap();
        let (state, git) = (directory.path().join("state"), directory.path().join("git"));
        fs::create_dir(&git).unwrap();
        let records = TrustRecords::below(&state);
        assert_eq!(records.of(&git).unwrap(), None);
        let asked = super::super::AskedKey {
            key: "steps.notify".into(),
            value: "v".into(),
            command: Vec::new(),
        };
        let trusted = asked.trusted(&git, jiff::Timestamp::UNIX_EPOCH);
        let change = |record: &mut TrustRecord| {
            record.remotes.push("host/o/r".into());
            record.keys.push(trusted);
        };
        records.change(&git, change).unwrap();
        let record = records.of(&git).unwrap().unwrap();
        assert_eq!(record.keys.len(), 1);
        let path = records.path(&git);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        // Another directory in its place: where it was pushed to is known still, and nothing else.
        fs::rename(&git, directory.path().join("moved")).unwrap();
        fs::create_dir(&git).unwrap();
        let other = records.of(&git).unwrap().unwrap();
        assert_eq!((other.remotes.len(), other.keys.len()), (1, 0));
        let moved = records.of(&directory.path().join("moved")).unwrap();
        assert_eq!(moved, None);
    }

    #[test]
    fn a_damaged_record_is_no_record() {
        let directory = tempfile::tempdir().unwrap();
        let records = TrustRecords::below(directory.path());
        records.change(directory.path(), |_| {}).unwrap();
        let path = records.path(directory.path());
        fs::write(&path, "{").unwrap();
        let told = records.of(directory.path()).unwrap_err().to_string();
        assert!(told.contains("is damaged: EOF while parsing"), "{told}");
        records.change(directory.path(), |_| {}).unwrap_err();
    }
}
