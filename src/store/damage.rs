//! Damaged databases: one that can be damaged is checked before its next use, and set aside if it is.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::clock::Clock;

use super::error::StoreError;
use super::schema;

/// The name of the file that marks the database for a check before its next use.
const SUSPECT: &str = "store.suspect";
/// The text between the database's name and the time when it was set aside.
const DAMAGED: &str = ".damaged-";

/// Marks the database, so that the next open checks all of it.
pub(super) fn suspect(path: &Path) {
    // Where nothing can be written, nothing can be set aside either.
    let _unmarked = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(marker(path));
}

/// Says whether a database is marked for a check.
pub(super) fn is_suspect(path: &Path) -> bool {
    marker(path).exists()
}

/// Removes the mark: the database was checked.
pub(super) fn clear(path: &Path) {
    let _unmarked = fs::remove_file(marker(path));
}

fn marker(path: &Path) -> PathBuf {
    path.with_file_name(SUSPECT)
}

/// Returns the damaged databases that were set aside and are there still.
pub(super) fn all_set_aside(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains(DAMAGED) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
    found.sort();
    found
}

/// Renames a damaged database and its log, and returns the new path.
pub(super) fn put_aside(path: &Path, clock: &Clock) -> io::Result<PathBuf> {
    let stamp = clock.now().strftime("%Y%m%dT%H%M%S").to_string();
    let with = |suffix: &str, path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = with(&format!("{DAMAGED}{stamp}-{}", std::process::id()), path);
    // The database last: a log without it would be taken for the log of the fresh one.
    for suffix in ["-wal", "-shm"] {
        match fs::rename(with(suffix, path), with(suffix, &aside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// How long a check waits for other processes.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);

/// Checks whether a database can be read and is whole, without changing it.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let looked = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(CHECK_PATIENCE)?;
        let version = schema::version(&connection)?;
        let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((version, said))
    });
    let (version, said) = looked.map_err(|error| StoreError::sql(path, error))?;
    if version > schema::CURRENT {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            version,
        });
    }
    if said != "ok" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            said,
        });
    }
    Ok(())
}
