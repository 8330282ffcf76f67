//! The database file: its path and owner, and its first open, which holds a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::clock::Clock;
use crate::files::{make_private_directory, open_lock_file};

use super::error::StoreError;
use super::{damage, schema};

/// The database's name in the state directory.
const NAME: &str = "store.db";
/// How long the log may become before it is written back, in bytes: every open reads all of it.
const MAX_LOG: u64 = 256 << 10;
/// The name of the lock that the first open is made under.
const LOCK: &str = "store.lock";
/// The interval at which a lock that another process holds is tried.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// An open database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Where the damaged file is that this one replaces.
    pub(super) set_aside: Option<PathBuf>,
}

/// Returns where the database of a state directory is.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Opens the database, and makes it when there is none.
pub(super) fn open(
    directory: &Path,
    clock: &Clock,
    patience: Duration,
) -> Result<Opened, StoreError> {
    let until = Instant::now() + patience;
    private_directory(directory)?;
    let path = path(directory);
    let is_suspect = damage::is_suspect(&path);
    if !is_suspect {
        match ready(&path, patience) {
            Ok(Some(connection)) => {
                return Ok(Opened {
                    connection,
                    path,
                    set_aside: None,
                });
            }
            Ok(None) => {}
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error),
        }
    }
    // The switch to WAL heeds no busy time-out, so only one process at a time makes the file ready.
    let _lock = lock(directory, until)?;
    // Its first page can be read where others cannot.
    let looked = if is_suspect {
        damage::check(&path)
    } else {
        Ok(())
    };
    let (connection, set_aside) = match looked.and_then(|()| make_ready(&path, patience)) {
        Ok(connection) => (connection, None),
        Err(error) if error.is_damage() => {
            let aside =
                damage::put_aside(&path, clock).map_err(|source| StoreError::Directory {
                    path: directory.to_owned(),
                    source,
                })?;
            tracing::warn!(path = %aside.display(), "a damaged store was set aside");
            (make_ready(&path, patience)?, Some(aside))
        }
        Err(error) => return Err(error),
    };
    damage::clear(&path);
    Ok(Opened {
        connection,
        path,
        set_aside,
    })
}

/// Makes the state directory, with access for its owner only, and checks whose it is.
pub(super) fn private_directory(directory: &Path) -> Result<(), StoreError> {
    let bad = |source| StoreError::Directory {
        path: directory.to_owned(),
        source,
    };
    let metadata = match fs::symlink_metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_private_directory(directory).map_err(bad)?;
            fs::symlink_metadata(directory).map_err(bad)?
        }
        Err(error) => return Err(bad(error)),
    };
    if !metadata.is_dir() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::NotOurs(directory.to_owned()));
    }
    if metadata.mode() & 0o077 != 0 {
        // The files in it have modes of their own; a read-only file system is no reason to stop.
        let _as_it_is = fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
    }
    Ok(())
}

/// Opens a database that an earlier open made ready; returns `None` when there is none yet.
fn ready(path: &Path, patience: Duration) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let has_log = log(path).exists();
    let connection = connect(path, patience)?;
    let version = schema::version(&connection).map_err(|error| StoreError::sql(path, error))?;
    if !has_log {
        // Another program that opened the database removed it.
        sync_directory(path);
    }
    match version {
        schema::CURRENT => Ok(Some(connection)),
        newer if newer > schema::CURRENT => Err(StoreError::Newer {
            path: path.to_owned(),
            version: newer,
        }),
        _ => Ok(None),
    }
}

/// Opens the database, switches it to WAL and brings its tables up to date. Under the lock.
fn make_ready(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    if let Some(connection) = ready(path, patience)? {
        return Ok(connection);
    }
    // The log and its index take their mode from this file, whatever the umask.
    let created = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    created.map_err(|source| StoreError::Directory {
        path: path.to_owned(),
        source,
    })?;
    let mut connection = connect(path, patience)?;
    let migrated = connection
        // After a power cut the tables are made again; only the header of the file is flushed to the disk.
        .pragma_update(None, "synchronous", "NORMAL")
        .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
        .and_then(|()| schema::migrate(&mut connection));
    migrated.map_err(|error| StoreError::sql(path, error))?;
    sync_directory(path);
    Ok(connection)
}

/// Returns where the log of a database is.
fn log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Lets the names of a database and of its log reach the disk. SQLite, which would do so at the first synced write of
/// each connection, is built without (`SQLITE_DISABLE_DIRSYNC`): nothing of ours removes the log.
fn sync_directory(path: &Path) {
    let synced = path
        .parent()
        .map(|directory| File::open(directory)?.sync_all());
    if let Some(Err(error)) = synced {
        // Not every file system can; SQLite would go on as well.
        tracing::debug!(%error, "the state directory cannot be synced");
    }
}

fn connect(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| StoreError::sql(path, error))?;
    // SQLite would write the log back at the end of each run, which waits for the disk four times: a run takes twice as
    // long then. By its own count of pages it would write back all of a log that another process began, without beginning
    // it anew. `shorten_log` does it instead.
    let set_up = connection
        .busy_timeout(patience)
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true))
        .and_then(|_| connection.pragma_update(None, "wal_autocheckpoint", 0));
    set_up.map_err(|error| StoreError::sql(path, error))?;
    Ok(connection)
}

/// Writes a long log back to the database and begins it anew, unless another process uses it at this moment: then a later
/// run does.
pub(super) fn shorten_log(
    connection: &Connection,
    path: &Path,
    patience: Duration,
) -> rusqlite::Result<()> {
    if fs::metadata(log(path)).map_or(0, |metadata| metadata.len()) <= MAX_LOG {
        return Ok(());
    }
    connection.busy_timeout(Duration::ZERO)?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    connection.busy_timeout(patience)?;
    done
}

/// Takes the lock of the first open, or says who has it.
fn lock(directory: &Path, until: Instant) -> Result<File, StoreError> {
    let path = directory.join(LOCK);
    let bad = |source| StoreError::Directory {
        path: path.clone(),
        source,
    };
    let file = open_lock_file(&path).map_err(bad)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                thread::sleep(RETRY_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(path)),
            Err(TryLockError::Error(source)) => return Err(bad(source)),
        }
    }
}
