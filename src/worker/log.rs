//! `LogFile`: the worker's log, of bounded size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::threads::lock;

/// The size at which a log becomes the old log, in bytes. There is one old log.
const MAX_LOG_SIZE: u64 = 1 << 20;

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

    /// Appends a line. One that cannot be written is lost.
    pub fn append(&self, line: &[u8]) {
        let mut file = lock(&self.file);
        let size = |file: &File| file.metadata().map_or(0, |metadata| metadata.len());
        if file.as_ref().is_some_and(|file| size(file) > MAX_LOG_SIZE) {
            if file.as_ref().is_some_and(|file| self.is(file)) {
                let _full = fs::rename(&self.path, self.path.with_extension("log.old"));
            }
            *file = open(&self.path).ok();
        }
        if let Some(file) = &mut *file {
            let _full = file.write_all(line);
        }
    }

    /// Says whether this is the current log, and was not renamed by another worker.
    fn is(&self, file: &File) -> bool {
        let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let (file, path) = (file.metadata().map(id), fs::metadata(&self.path).map(id));
        matches!((file, path), (Ok(file), Ok(path)) if file == path)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn workers_share_a_log_of_two_files_of_bounded_size() {
        let state = tempfile::tempdir().unwrap();
        let logs = [(); 3].map(|()| LogFile::below(state.path()).unwrap());
        let line = |number: usize| format!("{number:4095}\n");
        for number in 0..900 {
            logs[number % 3].append(line(number).as_bytes());
        }
        let mut lines = 0;
        for name in ["worker.log.old", "worker.log"] {
            let path = state.path().join(name);
            let metadata = fs::metadata(&path).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
            assert!(
                metadata.len() <= MAX_LOG_SIZE + 3 * 4096,
                "{name}: {}",
                metadata.len()
            );
            lines += fs::read_to_string(path).unwrap().lines().count();
        }
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 2);
        // All of the last full log is there, whoever wrote it.
        assert!(lines > 256, "{lines}");
    }
}
