//! `Records`: what was written where, and the bytes that were there before, in the state directory. With it a removal
//! gives back the very bytes; without it our entry is taken out of the file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{Links, read};

use super::content::{Content, digest};
use super::error::InstallError;

/// The file's name in the directory of records.
const NAME: &str = "installs.json";
/// The lock that one writer at a time holds.
const LOCK: &str = "lock";
/// In bytes.
const MAX_RECORDS_SIZE: u64 = 4 * 1024 * 1024;

/// What was written where.
#[derive(Debug, Default)]
pub(super) struct Records {
    directory: Option<PathBuf>,
    files: Vec<Record>,
    /// Held while something is written.
    _lock: Option<File>,
}

/// What was at a path before we wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Original {
    /// Nothing.
    Nothing,
    /// A file.
    File(Content),
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    path: PathBuf,
    targets: Vec<String>,
    /// The digest and the mode of what was there before; nothing where there was no file.
    before: Option<(String, u32)>,
    /// The digest of what was written.
    after: String,
    /// The directories that were made for it.
    directories: Vec<PathBuf>,
}

impl Original {
    /// Returns the content; nothing where there was none.
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
    /// Reads the records. Those that cannot be read count as none.
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

    /// Reads the records, to write some: one process at a time.
    pub(super) fn lock(directory: Option<PathBuf>) -> Result<Self, InstallError> {
        let Some(place) = &directory else {
            return Ok(Self::default());
        };
        let lock = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(place)
            .and_then(|()| {
                let mut options = OpenOptions::new();
                options.create(true).truncate(false).write(true).mode(0o600);
                let file = options.open(place.join(LOCK))?;
                file.lock()?;
                Ok(file)
            })
            .map_err(|error| InstallError::write(place, error))?;
        Ok(Self {
            _lock: Some(lock),
            ..Self::read(directory)
        })
    }

    /// Returns what was at `path` before `targets` were installed, when what is there now is as they left it. Nothing
    /// where that had our entry already, as an installation that mended one found it: `has_ours` looks.
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

    /// Returns the directories that were made for `path`, the innermost first.
    pub(super) fn directories(&self, path: &Path) -> Vec<PathBuf> {
        self.of(path)
            .map(|record| record.directories.clone())
            .unwrap_or_default()
    }

    /// Notes what is about to be written, and keeps what is there now.
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
            // What is there is ours already: the first state stays the one to go back to.
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
            // Of a link there is no record: whoever replaces one keeps it beside the file.
            (_, Some(Content::Link(_))) => return self.forget(path),
            (_, None) => {}
        }
        self.files.retain(|record| record.path != path);
        self.files.push(record);
        self.save()
    }

    /// Forgets a file that is as it was.
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
        // What nobody goes back to any more; a rest is only a file too many.
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

/// Returns the directories above a file that are not there, the innermost first.
fn missing_above(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1);
    above
        .take_while(|directory| !directory.exists())
        .map(Path::to_owned)
        .collect()
}

/// Keeps bytes under their digest.
fn keep(directory: &Path, hash: &str, bytes: &[u8]) -> io::Result<()> {
    let path = directory.join(hash);
    match read(&path, u64::MAX, Links::Refused) {
        Ok(Some(kept)) if kept == bytes => Ok(()),
        _ => write(&path, bytes),
    }
}

/// Writes a file of our own directory whole, or not at all.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut draft = tempfile::NamedTempFile::new_in(directory)?;
    draft.write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    File::open(directory)?.sync_all()
}
