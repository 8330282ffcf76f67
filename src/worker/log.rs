//! `LogFile`: the worker's log, which nobody watches and which does not grow without end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The size at which a log becomes the old log, in bytes. There is one old log.
const CAP: u64 = 1 << 20;

/// A log file below the state directory, shared by every worker.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl LogFile {
    /// Opens the log of a state directory.
    pub fn below(state: &Path) -> io::Result<Self> {
        let path = state.join("worker.log");
        let file = open(&path)?;
        Ok(Self {
            path,
            file: Mutex::new(Some(file)),
        })
    }

    /// Appends a line. One that cannot be written is lost: nobody could be told.
    pub fn append(&self, line: &[u8]) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |file: &File| file.metadata().map_or(0, |metadata| metadata.len());
        if file.as_ref().is_some_and(|file| size(file) > CAP) {
            let _full = fs::rename(&self.path, self.path.with_extension("log.old"));
            *file = open(&self.path).ok();
        }
        if let Some(file) = &mut *file {
            let _full = file.write_all(line);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}
