//! `Watchdog`: ends a run at its deadline even when the run's own thread is stuck.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::Report;
use crate::threads::lock;

use super::deadline::Deadline;
use super::partial_report::PartialReport;

/// How long the watchdog waits after the deadline, so that the run can end by itself first.
const END_GRACE: Duration = Duration::from_millis(25);

/// How long a run that ends in order can take to store what is to be retried.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_millis(200);

/// How long before the deadline `prepare` is called; at most half of the limit.
const PREPARATION_TIME: Duration = Duration::from_secs(2);

/// The interval at which a run that has not noticed the deadline is checked.
const NOTICE_CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// Says whether the main thread is runnable but not scheduled, because the machine is busy: then the run is late, not stuck.
fn waits_for_a_processor() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('R'))
}

/// A thread that wakes at the deadline. Dropping disarms it. If it is awake by then, the drop waits until it is done, so
/// that the report is printed once.
#[derive(Debug)]
#[must_use = "the watchdog is disarmed when this is dropped"]
pub struct Watchdog {
    /// A message wakes the thread; closing ends it.
    wake_up: Sender<()>,
    /// Locked while the report is printed.
    disarmed: Arc<Mutex<bool>>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *lock(&self.disarmed) = true;
    }
}

impl Watchdog {
    /// Watches a run. At the deadline `on_end` gets the report so far, in which running steps failed
    /// as `deadline`. It is called at most once, on the watchdog's thread, and can end the process.
    ///
    /// Shortly before, `prepare` is called on the same thread, so that `on_end` takes less time. It must not block.
    pub fn start(
        deadline: &Deadline,
        partial: &PartialReport,
        prepare: impl FnOnce() + Send + 'static,
        on_end: impl FnOnce(Report) + Send + 'static,
    ) -> io::Result<Self> {
        let (wake_up, woken) = channel();
        let disarmed = Arc::new(Mutex::new(false));
        let watched = Watched {
            deadline: deadline.clone(),
            partial: partial.clone(),
            woken,
            disarmed: Arc::clone(&disarmed),
        };
        thread::Builder::new()
            .name("watchdog".into())
            .stack_size(1024 * 1024)
            .spawn(move || watched.watch(prepare, on_end))?;
        Ok(Self { wake_up, disarmed })
    }

    /// Makes it read the deadline again, which has changed.
    pub fn wake(&self) {
        // The thread can have ended already.
        let _ended = self.wake_up.send(());
    }
}

/// What the thread works with.
struct Watched {
    deadline: Deadline,
    partial: PartialReport,
    woken: Receiver<()>,
    disarmed: Arc<Mutex<bool>>,
}

impl Watched {
    /// Waits for the deadline, and ends the run. Returns `None` when the watchdog is disarmed before.
    fn watch(&self, prepare: impl FnOnce(), on_end: impl FnOnce(Report)) -> Option<()> {
        let deadline = &self.deadline;
        let lead = || PREPARATION_TIME.min(deadline.limit() / 2);
        let before_end = || deadline.remaining().saturating_sub(lead());
        self.sleep_until(before_end, || deadline.remaining() <= lead())?;
        prepare();
        self.sleep_until(|| deadline.remaining() + END_GRACE, || deadline.is_over())?;
        let late = Instant::now();
        while !deadline.is_noticed()
            && waits_for_a_processor()
            && late.elapsed() < LAST_WRITE_TIMEOUT
        {
            self.sleep(NOTICE_CHECK_INTERVAL)?;
        }
        if deadline.is_noticed() {
            self.sleep(LAST_WRITE_TIMEOUT)?;
        }
        let disarmed = lock(&self.disarmed);
        if !*disarmed {
            on_end(self.partial.cut_off(deadline));
        }
        Some(())
    }

    /// Sleeps for `time` until `is_due`. A message means that the limit was changed, and starts the sleep again.
    fn sleep_until(&self, time: impl Fn() -> Duration, is_due: impl Fn() -> bool) -> Option<()> {
        while self.sleep(time())? == Sleep::Interrupted || !is_due() {}
        Some(())
    }

    /// Sleeps until `time` has passed or a message comes. Returns `None` when the watchdog is disarmed.
    fn sleep(&self, time: Duration) -> Option<Sleep> {
        match self.woken.recv_timeout(time) {
            Ok(()) => Some(Sleep::Interrupted),
            Err(RecvTimeoutError::Timeout) => Some(Sleep::Whole),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// How a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Whole,
    Interrupted,
}
