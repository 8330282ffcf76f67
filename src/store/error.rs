//! `StoreError`: why the store cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::reason::error_chain;

/// Why the store cannot be used. A run continues without it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no state directory.
    #[error("there is no state directory: XDG_STATE_HOME names none, and HOME is no directory")]
    NoDirectory,
    /// The state directory cannot be made or used.
    #[error("the state directory `{}` cannot be used", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state directory has another owner, or is not a directory, so its content is not trusted.
    #[error("`{}` is not a directory of this user's own", .0.display())]
    NotOurs(PathBuf),
    /// A later version of sendoff made the file. It is not changed.
    #[error("`{}` is of a newer version of sendoff ({version})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// Another process holds its lock for too long.
    #[error("`{}` is locked by another process", .0.display())]
    Busy(PathBuf),
    /// The database is damaged.
    #[error("`{}` is damaged: {said}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check of the database says.
        said: String,
    },
    /// The outbox is full.
    #[error("the outbox is full: {rows} rows, {bytes} bytes")]
    Full {
        /// The rows that wait.
        rows: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The spool file, which replaces the store, is full.
    #[error("the spool `{}` is full: {bytes} bytes", .path.display())]
    SpoolFull {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The platform's table does not answer as it should.
    #[error("the platform's table at `{place}` cannot be used: {said}")]
    PlatformTable {
        /// The database, without a password.
        place: String,
        /// Why.
        said: String,
    },
    /// The address of the platform's database cannot be used.
    #[error("the address `{place}` of the platform's table cannot be used: {said}")]
    DatabaseUrl {
        /// The address, without a password.
        place: String,
        /// Why.
        said: String,
    },
    /// The connection to the platform's database cannot be encrypted as it should.
    #[error("the platform's table at `{place}` cannot be reached safely: {said}")]
    DatabaseTls {
        /// The database, without a password.
        place: String,
        /// Why.
        said: String,
        /// What to do about it.
        advice: String,
    },
    /// The platform's database is on another machine, and the connection would not be encrypted.
    #[error("the database at `{0}` is on another machine, and would be reached without encryption")]
    PlainDatabase(String),
    /// The database refused.
    #[error("`{}` cannot be used", .path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Classifies an error of the database.
    pub(super) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy(path.to_owned())
            }
            _ => Self::Sql {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Returns the error with its causes, on one line.
    pub fn told(&self) -> String {
        error_chain(self)
    }

    /// Says whether the file is no database, or one that was damaged.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Sql { source, .. } => is_damage(source),
            Self::Damaged { .. } => true,
            _ => false,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::NoDirectory => "set HOME or XDG_STATE_HOME to an absolute path".into(),
            Self::Directory { path, .. } | Self::NotOurs(path) => format!(
                "make `{}` a directory of yours with room in it, or set XDG_STATE_HOME to one",
                path.display()
            ),
            Self::Newer { path, .. } => format!(
                "use the newer sendoff, or move `{}` away to begin a fresh one",
                path.display()
            ),
            Self::Busy(_) => "run again when the other sendoff has ended".into(),
            Self::Full { .. } => {
                "send what waits with `sendoff flush`, or drop it with `sendoff outbox drop`".into()
            }
            Self::SpoolFull { .. } => {
                "run a sendoff that can open the store: it takes in what the spool holds".into()
            }
            Self::Damaged { path, .. } => {
                format!("move `{}` away: a fresh one is begun", path.display())
            }
            Self::PlatformTable { .. } => {
                "check `store.platform-schedules` in the policy, and that the table `workspace_schedules` is there"
                    .into()
            }
            Self::DatabaseUrl { .. } => "correct `store.platform-schedules` in the policy".into(),
            Self::DatabaseTls { advice, .. } => advice.clone(),
            Self::PlainDatabase(_) => {
                "take `sslmode=disable` out of `store.platform-schedules`, or list its host in `network.allow-http`"
                    .into()
            }
            Self::Sql { path, .. } => format!(
                "free some room on the disk, or move `{}` away to begin a fresh one",
                path.display()
            ),
        }
    }
}

/// Says whether the file is no database, or one that was damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
