//! `Records`: the files that were written, and their content before, in the state directory. With them a removal restores
//! the old bytes; without them it removes our entry from the file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{Links, make_private_directory, open_lock_file, read};

use super::content::{Content, digest};
use super::error::InstallError;

/// The file's name in the directory of records.
const NAME: &str = "installs.json";
/// The lock that one writer at a time holds.
const LOCK: &str = "lock";
/// The largest file of records, in bytes.
const MAX_RECORDS_SIZE: u64 = 4 * 1024 * 1024;

/// The files that were written.
#[derive(Debug, Default)]
pub(super) struct Records {
    directory: Option<PathBuf>,
    files: Vec<Record>,
    /// Held for writing.
    _lock: Option<File>,
}

/// The content of a path before we wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Original {
    /// There was no file.
    Nothing,
    /// A file.
    File(Content),
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    path: PathBuf,
    targets: Vec<String>,
    /// The digest and the mode of the old content; `None` where there was no file.
    before: Option<(String, u32)>,
    /// The digest of the new content.
    after: String,
    /// The directories that were created for it.
    directories: Vec<PathBuf>,
}

impl Original {
    /// Returns the content; `None` where there was no file.
    pub(super) fn content(self) -> Option<Content> {
        match self {
            Self::Nothing => None,
            Self::File(content) => Some(content),
        }
    }
}

/// The file of records.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    schema: String,
    files: Vec<Record>,
}

impl Records {
    /// Reads the records. A file that cannot be read counts as empty.
    pub(super) fn read(directory: Option<PathBuf>) -> Self {
        let content = directory.as_ref().and_then(|directory| {
            read(&directory.join(NAME), MAX_RECORDS_SIZE, Links::Refused).ok()?
        });
        let document: Option<Document> =
            content.and_then(|content| serde_json::from_slice(&content).ok());
        Self {
            directory,
            files: document.unwrap_or_default().files,
            _lock: None,
        }
    }

    /// Locks the records for writing, and reads them.
    pub(super) fn lock(directory: Option<PathBuf>) -> Result<Self, InstallError> {
        let Some(place) = &directory else {
            return Ok(Self::default());
        };
        let lock = make_private_directory(place)
            .and_then(|()| {
                let file = open_lock_file(&place.join(LOCK))?;
                file.lock()?;
                Ok(file)
            })
            .map_err(|error| InstallError::write(place, error))?;
        Ok(Self {
            _lock: Some(lock),
            ..Self::read(directory)
        })
    }

    /// Returns the content of `path` before `targets` were installed, if `now` is what they wrote.
    ///
    /// Returns `None` where the old content had an entry of ours already (`has_ours`), because the installation repaired it.
    pub(super) fn original(
        &self,
        path: &Path,
        now: &Content,
        targets: &[&str],
        has_ours: impl FnOnce(&Content) -> bool,
    ) -> Option<Original> {
        let record = self.of(path)?;
        let all = record.targets.iter();
        let mut others = all.filter(|target| !targets.contains(&target.as_str()));
        if now.digest()? != record.after || others.next().is_some() {
            return None;
        }
        match &record.before {
            None => Some(Original::Nothing),
            Some((hash, mode)) => {
                let kept = self.directory.as_ref()?.join(hash);
                let bytes = read(&kept, u64::MAX, Links::Refused).ok()??;
                let is_whole = digest(&bytes) == *hash;
                let content = Content::File { bytes, mode: *mode };
                (is_whole && !has_ours(&content)).then_some(Original::File(content))
            }
        }
    }

    /// Returns the directories that were created for `path`, the innermost first.
    pub(super) fn directories(&self, path: &Path) -> Vec<PathBuf> {
        self.of(path)
            .map(|record| record.directories.clone())
            .unwrap_or_default()
    }

    /// Records that `after` is about to be written, and stores the current content.
    pub(super) fn note(
        &mut self,
        target: &str,
        path: &Path,
        before: Option<&Content>,
        after: &Content,
    ) -> Result<(), InstallError> {
        let (Some(directory), Some(written)) = (self.directory.clone(), after.digest()) else {
            return Ok(());
        };
        let mut record = Record {
            path: path.to_owned(),
            targets: vec![target.to_owned()],
            before: None,
            after: written,
            directories: missing_above(path),
        };
        let known = self.of(path).cloned();
        let now = before.and_then(Content::digest);
        match (known, before) {
            // The current content is ours, so the recorded one stays the original.
            (Some(known), Some(_)) if now.as_ref() == Some(&known.after) => {
                record
                    .targets
                    .extend(known.targets.into_iter().filter(|name| name != target));
                record.before = known.before;
                record.directories = known.directories;
            }
            (_, Some(Content::File { bytes, mode })) => {
                let hash = digest(bytes);
                keep(&directory, &hash, bytes)
                    .map_err(|error| InstallError::write(&directory, error))?;
                record.before = Some((hash, *mode));
            }
            // A replaced link is not recorded: the installer keeps a copy of it beside the file.
            (_, Some(Content::Link(_))) => return self.forget(path),
            (_, None) => {}
        }
        self.files.retain(|record| record.path != path);
        self.files.push(record);
        self.save()
    }

    /// Removes a restored file from the records.
    pub(super) fn forget(&mut self, path: &Path) -> Result<(), InstallError> {
        let count = self.files.len();
        self.files.retain(|record| record.path != path);
        if self.files.len() == count {
            return Ok(());
        }
        self.save()?;
        let used = |name: &str| {
            let mut all = self
                .files
                .iter()
                .filter_map(|record| record.before.as_ref());
            all.any(|(hash, _)| hash == name)
        };
        // Old contents that no record refers to. Failing to delete one is harmless.
        let entries = self
            .directory
            .iter()
            .filter_map(|place| fs::read_dir(place).ok());
        for entry in entries.flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.len() == 64 && !used(&name) {
                let _left = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn of(&self, path: &Path) -> Option<&Record> {
        self.files.iter().find(|record| record.path == path)
    }

    fn save(&self) -> Result<(), InstallError> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let document = Document {
            schema: "sendoff.installs/1".into(),
            files: self.files.clone(),
        };
        serde_json::to_vec_pretty(&document)
            .map_err(io::Error::from)
            .and_then(|content| write(&directory.join(NAME), &content))
            .map_err(|error| InstallError::write(&directory.join(NAME), error))
    }
}

/// Returns the missing directories above a file, the innermost first.
fn missing_above(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1);
    above
        .take_while(|directory| !directory.exists())
        .map(Path::to_owned)
        .collect()
}

/// Stores bytes under their digest.
fn keep(directory: &Path, hash: &str, bytes: &[u8]) -> io::Result<()> {
    let path = directory.join(hash);
    match read(&path, u64::MAX, Links::Refused) {
        Ok(Some(kept)) if kept == bytes => Ok(()),
        _ => write(&path, bytes),
    }
}

/// Replaces a file of the records, and flushes it to the disk.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut draft = tempfile::NamedTempFile::new_in(directory)?;
    draft.write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    File::open(directory)?.sync_all()
}
