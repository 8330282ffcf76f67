//! `ProcessError`: why a child program could not be run to its end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a child program could not be run to its end. What it wrote is never part of the message.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// No directory of the search path holds it.
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
    /// It ran longer than it may; it and its whole group were killed.
    #[error("`{}` did not end within {limit:?}", .program.display())]
    Deadline {
        /// The program.
        program: PathBuf,
        /// How long it had.
        limit: Duration,
    },
    /// The caller wanted to end; it and its whole group were killed.
    #[error("`{}` was stopped", .0.display())]
    Stopped(PathBuf),
    /// Its end could not be waited for.
    #[error("cannot wait for `{}`", .program.display())]
    Wait {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
