//! `ProcessError`: why a child program could not be run to its end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a child program could not be run to its end. What it wrote is never part of the message.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// No directory of the search path has it.
    #[error("the program `{}` is not on the search path", .0.escape_debug())]
    NotFound(String),
    /// Only absolute paths are run: a relative one could be the repository's.
    #[error("the program `{}` is not an absolute path", .0.display())]
    Relative(PathBuf),
    /// The system refused to start it.
    #[error("cannot start `{}`", .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It did not end in time; its process group was killed.
    #[error("`{}` did not end within {limit:?}", .program.display())]
    Deadline {
        /// The program.
        program: PathBuf,
        /// The time it had.
        limit: Duration,
    },
    /// The caller stopped it; its process group was killed.
    #[error("`{}` was stopped", .0.display())]
    Stopped(PathBuf),
    /// Waiting for it failed.
    #[error("cannot wait for `{}`", .program.display())]
    Wait {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
