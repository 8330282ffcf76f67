//! The spool: a file of lines beside the store, for memories while the store cannot be used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::delivery::NewDelivery;
use super::file::private_directory;
use super::{Store, StoreError};

/// The spool's name in the state directory.
const NAME: &str = "spool.jsonl";
/// The largest spool, in bytes.
const MAX_SPOOL_SIZE: u64 = 64 << 20;
/// How much of it is queued in one transaction, in bytes: a hook that imports it has little memory.
const AT_ONCE: usize = 1 << 20;

/// The file of lines for a store that cannot be used, such as one of a newer version.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
}

impl Spool {
    /// Names the spool of a state directory, which is made when it is not there.
    pub fn below(directory: &Path) -> Result<Self, StoreError> {
        private_directory(directory)?;
        Ok(Self {
            path: directory.join(NAME),
        })
    }

    /// Appends a message. When this returns, it survives a power cut; the next open of a store imports it.
    pub fn append(&self, message: &NewDelivery) -> Result<(), StoreError> {
        let bad = |source| StoreError::Directory {
            path: self.path.clone(),
            source,
        };
        let mut line = serde_json::to_vec(message)
            .map_err(io::Error::from)
            .map_err(bad)?;
        line.push(b'\n');
        loop {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&self.path)
                .map_err(bad)?;
            file.lock().map_err(bad)?;
            let metadata = file.metadata().map_err(bad)?;
            if metadata.nlink() == 0 {
                // It was imported between the open and the lock.
                continue;
            }
            if metadata.len() > MAX_SPOOL_SIZE {
                return Err(StoreError::SpoolFull {
                    path: self.path.clone(),
                    bytes: metadata.len(),
                });
            }
            return add_line(file, &line, metadata.len()).map_err(bad);
        }
    }
}

/// Adds a line to a file of so many bytes. If the last line was cut, it is ended first: otherwise this line would be
/// lost with it.
fn add_line(mut file: File, line: &[u8], length: u64) -> io::Result<()> {
    let mut last = [b'\n'];
    if let Some(end) = length.checked_sub(1) {
        file.read_exact_at(&mut last, end)?;
    }
    let ended = if last == [b'\n'] {
        Ok(())
    } else {
        file.write_all(b"\n")
    };
    let written = ended
        .and_then(|()| file.write_all(line))
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // Half a line is no message; without it the next writer finds whole lines.
        let _still_cut = file.set_len(length);
    }
    written
}

/// Imports the spool. What cannot be imported stays for the next time.
pub(super) fn import(store: &Store, directory: &Path) {
    let path = directory.join(NAME);
    let Ok(file) = File::open(&path) else { return };
    if file.try_lock().is_err() {
        return;
    }
    if file.metadata().is_ok_and(|metadata| metadata.nlink() == 0) {
        // Another process imported it between the open and the lock; another file is in its place by now.
        return;
    }
    match take_in(store, &file) {
        Ok(()) => {
            // If it is imported twice, the messages are found by their keys.
            let _again = fs::remove_file(&path);
        }
        Err(error) => tracing::debug!(%error, "the spool was not taken in"),
    }
}

/// Queues the messages of whole lines, some at a time; the line of a process that was killed may be cut.
fn take_in(store: &Store, file: &File) -> Result<(), StoreError> {
    let mut messages = Vec::new();
    let mut bytes = 0;
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(|source| StoreError::Directory {
            path: store.path.clone(),
            source,
        })?;
        let Ok(message) = serde_json::from_slice(&line) else {
            continue;
        };
        messages.push(message);
        bytes += line.len();
        if bytes > AT_ONCE {
            store.enqueue_all(&messages)?;
            messages.clear();
            bytes = 0;
        }
    }
    store.enqueue_all(&messages)
}
