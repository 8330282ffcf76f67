//! Progress of a push, which suspends the run's deadline while pack bytes are sent.

use std::fmt;
use std::sync::{Arc, Mutex};

use sendoff_push::{NoProgress, Progress};

use crate::failpoint::{Point, reach};

use super::deadline::{Deadline, Suspension};

/// A listener to a push's progress. Clones share it, also across threads.
#[derive(Clone)]
pub struct SharedProgress(Arc<dyn Progress + Send + Sync>);

impl SharedProgress {
    /// Shares `listener`.
    pub fn new(listener: impl Progress + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Returns a listener that also suspends the deadline, from the first byte of the pack to the last,
    /// and while a hook runs.
    ///
    /// The push has an idle timeout of its own. The deadline resumes while the remote processes the pack:
    /// otherwise a remote could keep the run going forever.
    pub fn suspending(&self, deadline: &Deadline) -> impl Progress + Send + 'static {
        SuspendingProgress {
            inner: self.clone(),
            deadline: deadline.clone(),
            held: Mutex::new(None),
        }
    }
}

impl Default for SharedProgress {
    fn default() -> Self {
        Self::new(NoProgress)
    }
}

impl fmt::Debug for SharedProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedProgress").finish_non_exhaustive()
    }
}

struct SuspendingProgress {
    inner: SharedProgress,
    deadline: Deadline,
    held: Mutex<Option<Suspension>>,
}

impl SuspendingProgress {
    fn release(&self) {
        if let Ok(mut held) = self.held.lock() {
            drop(held.take());
        }
    }
}

impl Progress for SuspendingProgress {
    fn counted(&self, n: u64) {
        self.inner.0.counted(n);
    }

    fn packed(&self, done: u64, total: u64) {
        self.inner.0.packed(done, total);
    }

    fn sent(&self, bytes: u64) {
        if let Ok(mut held) = self.held.lock() {
            held.get_or_insert_with(|| self.deadline.suspend());
        }
        self.inner.0.sent(bytes);
        reach(Point::PushPack);
    }

    fn pack_ended(&self) {
        self.release();
        self.inner.0.pack_ended();
        reach(Point::PushPackEnded);
    }

    fn hook_begins(&self) {
        if let Ok(mut held) = self.held.lock() {
            held.get_or_insert_with(|| self.deadline.suspend());
        }
        self.inner.0.hook_begins();
    }

    fn hook_ended(&self) {
        self.release();
        self.inner.0.hook_ended();
    }
}
