//! `HandoverError`: why a file cannot be claimed.

use std::io;
use std::path::PathBuf;

use crate::reason::Code;

/// Why a file cannot be claimed. No line is lost.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Another reader holds the lock.
    #[error("another run is reading `{}`", .0.display())]
    Busy(PathBuf),
    /// It is not a regular file of this user.
    #[error("`{}` is {what}", .path.display())]
    Refused {
        /// What was inspected.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A system call failed.
    #[error("`{}` cannot be {action}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as a participle.
        action: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl HandoverError {
    /// Makes the error for a failed system call.
    pub(super) fn io(
        path: impl Into<PathBuf>,
        action: &'static str,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::Io {
            path: path.into(),
            action,
            source: source.into(),
        }
    }

    /// Returns the stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::Busy(_) => Code::Busy,
            Self::Refused { .. } => Code::Refused,
            Self::Io { .. } => Code::File,
        }
    }

    /// Returns what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Busy(_) => "the next run reads the results",
            Self::Refused { .. } => {
                "remove it, or point DELEGATION_RESULTS_FILE to a regular file that belongs to this user"
            }
            Self::Io { .. } => "check the permissions of the file and of its directory",
        }
    }

    /// Makes the error for something that is not a file or directory of this user.
    pub(super) fn refused(path: impl Into<PathBuf>, what: &'static str) -> Self {
        Self::Refused {
            path: path.into(),
            what,
        }
    }
}
