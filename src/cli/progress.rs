//! Progress of long work, on a terminal only: one line on stderr that is wiped at the end.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::git::push::Progress;
use crate::pipeline::SharedProgress;

/// Work that is over sooner than this shows nothing.
const QUIET_FOR: Duration = Duration::from_millis(500);
/// The line is drawn again at most this often.
const EVERY: Duration = Duration::from_millis(100);

/// One line on a terminal: counting, packing, sending.
#[derive(Debug)]
pub(super) struct TerminalProgress {
    started: Instant,
    drawn: Mutex<Option<Instant>>,
    sent: AtomicU64,
}

impl TerminalProgress {
    /// Returns a progress line when stderr is a terminal, else nothing that shows.
    pub(super) fn when(terminal: bool) -> SharedProgress {
        if !terminal {
            return SharedProgress::default();
        }
        SharedProgress::new(Self {
            started: Instant::now(),
            drawn: Mutex::new(None),
            sent: AtomicU64::new(0),
        })
    }

    fn draw(&self, line: &str) {
        if self.started.elapsed() < QUIET_FOR {
            return;
        }
        let Ok(mut drawn) = self.drawn.lock() else {
            return;
        };
        if drawn.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *drawn = Some(Instant::now());
        // A terminal that went away shows no progress; the work goes on.
        let _gone =
            write!(io::stderr().lock(), "\r\x1b[K{line}").and_then(|()| io::stderr().flush());
    }
}

impl Progress for TerminalProgress {
    fn counted(&self, objects: u64) {
        self.draw(&format!("counting objects: {objects}"));
    }

    fn packed(&self, done: u64, total: u64) {
        let sent = self.sent.load(Ordering::Relaxed);
        self.draw(&format!(
            "packing objects: {done} of {total}, {} KiB sent",
            sent / 1024
        ));
    }

    fn sent(&self, bytes: u64) {
        self.sent.store(bytes, Ordering::Relaxed);
        self.draw(&format!("sending: {} KiB", bytes / 1024));
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        if self.drawn.lock().is_ok_and(|drawn| drawn.is_some()) {
            let _gone = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
