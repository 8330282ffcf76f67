//! Progress that makes the run's deadline stand still while pack bytes move.

use std::sync::Arc;

use crate::git::push::Progress;
use crate::pipeline::Deadline;

/// Wraps `inner` so that every sent byte counts as a sign of life.
pub(super) fn standing_still(
    inner: Arc<dyn Progress + Send + Sync>,
    deadline: Arc<Deadline>,
) -> Arc<dyn Progress + Send + Sync> {
    Arc::new(StandingStill { inner, deadline })
}

#[derive(Debug)]
struct StandingStill {
    inner: Arc<dyn Progress + Send + Sync>,
    deadline: Arc<Deadline>,
}

impl Progress for StandingStill {
    fn counted(&self, objects: u64) {
        self.inner.counted(objects);
    }

    fn packed(&self, done: u64, total: u64) {
        self.inner.packed(done, total);
    }

    fn sent(&self, bytes: u64) {
        self.deadline.bytes_moved();
        self.inner.sent(bytes);
    }
}
