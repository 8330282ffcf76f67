//! `Watchdog`: ends a run at its deadline even when the run's own thread is stuck.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::report::Report;

use super::deadline::Deadline;
use super::draft::Draft;

/// The run itself notices its deadline first, so that it can end in order.
const GRACE: Duration = Duration::from_millis(25);

/// A thread that wakes at the deadline. Disarmed when dropped; where it has woken before, the drop
/// waits until it is done, so that a report is told by one of the two and not by both.
#[derive(Debug)]
#[must_use = "the watchdog is disarmed when this is dropped"]
pub struct Watchdog {
    /// What is sent wakes it; closing disarms it.
    bell: Sender<()>,
    /// Held while the end is told.
    disarmed: Arc<Mutex<bool>>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.disarmed.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

impl Watchdog {
    /// Watches a run. At the deadline `on_end` gets the report so far; what still runs has failed
    /// as `deadline`. It is called at most once, on the watchdog's thread, and may end the process.
    pub fn start(
        deadline: &Deadline,
        draft: &Draft,
        on_end: impl FnOnce(Report) + Send + 'static,
    ) -> io::Result<Self> {
        let (bell, rung) = channel();
        let (deadline, draft) = (deadline.clone(), draft.clone());
        let disarmed = Arc::new(Mutex::new(false));
        let told = Arc::clone(&disarmed);
        thread::Builder::new()
            .name("watchdog".into())
            .stack_size(1024 * 1024)
            .spawn(move || {
                loop {
                    let remaining = deadline.remaining();
                    let wait = remaining + GRACE;
                    if rung.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                        return;
                    }
                    if deadline.is_over() {
                        let disarmed = told.lock().unwrap_or_else(PoisonError::into_inner);
                        if !*disarmed {
                            on_end(draft.cut_off(&deadline));
                        }
                        return;
                    }
                }
            })?;
        Ok(Self { bell, disarmed })
    }

    /// Makes it look at the deadline again, which has changed.
    pub fn wake(&self) {
        // One that has ended has nothing to look at.
        let _ended = self.bell.send(());
    }
}
