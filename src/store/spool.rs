//! The spool: a file of lines beside the store, for memories while the store cannot be used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::delivery::NewDelivery;
use super::file::private_directory;
use super::{Store, StoreError};

/// The spool's name in the state directory.
const NAME: &str = "spool.jsonl";
/// The largest spool, in bytes.
const CAP: u64 = 64 << 20;

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

    /// Appends a message. When this returns, it survives a power cut; the next open of a store takes it in.
    pub fn append(&self, message: &NewDelivery) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        loop {
            let mut file = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&self.path)?;
            file.lock()?;
            let metadata = file.metadata()?;
            if metadata.nlink() == 0 {
                // It was taken in between the open and the lock.
                continue;
            }
            if metadata.len() > CAP {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            file.write_all(&line)?;
            return file.sync_data();
        }
    }
}

/// Takes in what the spool holds. What cannot be taken in stays for the next time.
pub(super) fn import(store: &Store, directory: &Path) {
    let path = directory.join(NAME);
    let Ok(file) = File::open(&path) else { return };
    if file.try_lock().is_err() {
        return;
    }
    let messages = read(&file);
    match store.enqueue_all(&messages) {
        Ok(()) => {
            // Taken in twice, it is found by its keys.
            let _again = fs::remove_file(&path);
        }
        Err(error) => tracing::debug!(%error, "the spool was not taken in"),
    }
}

/// Reads whole lines; the last one of a process that was killed may be cut.
fn read(file: &File) -> Vec<NewDelivery> {
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}
