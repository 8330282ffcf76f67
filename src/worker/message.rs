//! The message that a hook writes to the worker that it starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::{Detached, start_detached};
use crate::store::NewIntent;

/// The command of the worker. Only sendoff itself calls it.
pub(super) const COMMAND: &str = "worker";
/// How long a hook waits until its worker has read a message that is larger than a pipe.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// Variables that are about the hook and not about the work; the place is in the message.
const OF_THE_HOOK: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_EDITOR",
];

/// What the worker is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    /// What was asked.
    pub(super) intent: NewIntent,
    /// Whether it is in the store, or only in this message.
    pub(super) kept: Kept,
}

/// Where the intent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kept {
    /// In the store.
    InStore,
    /// Nowhere else than in this message.
    Nowhere,
}

/// Starts the worker, independent of this process. It waits for its message.
pub(super) fn start(program: &Path) -> io::Result<Detached> {
    start_detached(
        program,
        [OsString::from(COMMAND)],
        OF_THE_HOOK.iter().map(OsStr::new),
    )
}

/// Sends a worker its message; `None` means that another worker has the turn.
pub(super) fn tell(worker: &mut Detached, message: Option<&Message>) -> io::Result<()> {
    worker.tell(&serde_json::to_vec(&message)?, READ_TIMEOUT)
}
