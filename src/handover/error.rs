//! `HandoverError`: why a file cannot be taken over.

use std::io;
use std::path::PathBuf;

use crate::reason::Code;

/// Why a file cannot be taken over. Nothing of it is lost.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Another reader is at it.
    #[error("another run is reading `{}`", .0.display())]
    Busy(PathBuf),
    /// It is something else than a file of this user.
    #[error("`{}` is {what}", .path.display())]
    Refused {
        /// What was looked at.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The system refused.
    #[error("`{}` cannot be {action}: {source}", .path.display())]
    Io {
        /// What was worked on.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl HandoverError {
    /// Makes an error of the system.
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
            Self::Busy(_) => "the results are left for the next run",
            Self::Refused { .. } => {
                "remove it, or point DELEGATION_RESULTS_FILE to a regular file that belongs to this user"
            }
            Self::Io { .. } => "check the permissions of the file and of its directory",
        }
    }
}
