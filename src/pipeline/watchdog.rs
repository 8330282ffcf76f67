//! `Watchdog`: ends a run at its deadline even when the run's own thread is stuck.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::Report;

use super::deadline::Deadline;
use super::partial_report::PartialReport;

/// How long the watchdog waits after the deadline, so that the run can end by itself first.
const GRACE: Duration = Duration::from_millis(25);

/// A run that ends in order writes down what is to be tried again.
const LAST_WRITE: Duration = Duration::from_millis(200);

/// How long before the deadline its end is prepared; at most half of the limit.
const LEAD: Duration = Duration::from_secs(2);

/// How often the run is looked at that has not noticed its end.
const NOTICE_CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// Says whether the run's thread could go on and gets no turn, because the machine is busy: it is late, not stuck.
fn waits_for_a_processor() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('R'))
}

/// A thread that wakes at the deadline. Dropping disarms it. If it has woken before, the drop waits until
/// it is done, so that the report is printed once.
#[derive(Debug)]
#[must_use = "the watchdog is disarmed when this is dropped"]
pub struct Watchdog {
    /// A message wakes it; closing disarms it.
    bell: Sender<()>,
    /// Locked while the report is printed.
    disarmed: Arc<Mutex<bool>>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.disarmed.lock().unwrap_or_else(PoisonError::into_inner) = true;
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
        let (bell, rung) = channel();
        let (deadline, partial) = (deadline.clone(), partial.clone());
        let disarmed = Arc::new(Mutex::new(false));
        let told = Arc::clone(&disarmed);
        thread::Builder::new()
            .name("watchdog".into())
            .stack_size(1024 * 1024)
            .spawn(move || {
                let mut prepare = Some(prepare);
                loop {
                    let remaining = deadline.remaining();
                    let lead = LEAD.min(deadline.limit() / 2);
                    let wait = match &prepare {
                        Some(_) => remaining.saturating_sub(lead),
                        None => remaining + GRACE,
                    };
                    match rung.recv_timeout(wait) {
                        Err(RecvTimeoutError::Disconnected) => return,
                        // The limit is another one now, and so are these times.
                        Ok(()) => continue,
                        Err(RecvTimeoutError::Timeout) => {}
                    }
                    if deadline.remaining() <= lead
                        && let Some(prepare) = prepare.take()
                    {
                        prepare();
                        continue;
                    }
                    if deadline.is_over() {
                        let late = Instant::now();
                        while !deadline.is_noticed()
                            && waits_for_a_processor()
                            && late.elapsed() < LAST_WRITE
                        {
                            if rung.recv_timeout(NOTICE_CHECK_INTERVAL)
                                == Err(RecvTimeoutError::Disconnected)
                            {
                                return;
                            }
                        }
                        if deadline.is_noticed()
                            && rung.recv_timeout(LAST_WRITE) == Err(RecvTimeoutError::Disconnected)
                        {
                            return;
                        }
                        let disarmed = told.lock().unwrap_or_else(PoisonError::into_inner);
                        if !*disarmed {
                            on_end(partial.cut_off(&deadline));
                        }
                        return;
                    }
                }
            })?;
        Ok(Self { bell, disarmed })
    }

    /// Makes it read the deadline again, which has changed.
    pub fn wake(&self) {
        // The thread can have ended already.
        let _ended = self.bell.send(());
    }
}
