//! Progress of long work, on a terminal only: one line on stderr that is erased at the end.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sendoff_push::Progress;

use crate::pipeline::SharedProgress;

/// Progress is shown only after this time.
const SHOW_AFTER: Duration = Duration::from_millis(500);
/// The shortest time between two updates of the line.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// One line on a terminal: counting, packing, sending.
#[derive(Debug)]
pub(super) struct TerminalProgress {
    started: Instant,
    shown: Mutex<Shown>,
    sent: AtomicU64,
}

/// What the line showed last.
#[derive(Debug, Default)]
struct Shown {
    at: Option<Instant>,
    counted: u64,
    packed: u64,
    /// Whether a count started again: a speculative pack was discarded, or another remote follows.
    again: bool,
}

impl Shown {
    fn counting(&mut self, objects: u64) -> String {
        self.again |= objects < self.counted || self.packed > 0;
        (self.counted, self.packed) = (objects, 0);
        format!("counting objects{}: {objects}", self.again())
    }

    fn packing(&mut self, done: u64, total: u64, sent: u64) -> String {
        self.again |= done < self.packed;
        self.packed = done;
        let sent = sent / 1024;
        format!(
            "packing objects{}: {done} of {total}, {sent} KiB sent",
            self.again()
        )
    }

    const fn again(&self) -> &'static str {
        if self.again { " again" } else { "" }
    }
}

impl TerminalProgress {
    /// Returns a progress line when stderr is a terminal, else one that shows nothing.
    pub(super) fn when(terminal: bool) -> SharedProgress {
        if !terminal {
            return SharedProgress::default();
        }
        SharedProgress::new(Self {
            started: Instant::now(),
            shown: Mutex::default(),
            sent: AtomicU64::new(0),
        })
    }

    fn draw(&self, line: impl FnOnce(&mut Shown) -> String) {
        if self.started.elapsed() < SHOW_AFTER {
            return;
        }
        let Ok(mut shown) = self.shown.lock() else {
            return;
        };
        if shown.at.is_some_and(|at| at.elapsed() < REDRAW_INTERVAL) {
            return;
        }
        shown.at = Some(Instant::now());
        let line = line(&mut shown);
        // The terminal can be closed while the work goes on.
        let _gone =
            write!(io::stderr().lock(), "\r\x1b[K{line}").and_then(|()| io::stderr().flush());
    }
}

impl Progress for TerminalProgress {
    fn counted(&self, objects: u64) {
        self.sent.store(0, Ordering::Relaxed);
        self.draw(|shown| shown.counting(objects));
    }

    fn packed(&self, done: u64, total: u64) {
        let sent = self.sent.load(Ordering::Relaxed);
        self.draw(|shown| shown.packing(done, total, sent));
    }

    fn sent(&self, bytes: u64) {
        self.sent.store(bytes, Ordering::Relaxed);
        self.draw(|_| format!("sending: {} KiB", bytes / 1024));
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        if self.shown.lock().is_ok_and(|shown| shown.at.is_some()) {
            let _gone = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_starts_again_says_so() {
        let mut shown = Shown::default();
        assert_eq!(shown.counting(256), "counting objects: 256");
        assert_eq!(shown.counting(700), "counting objects: 700");
        let packing = shown.packing(40, 700, 0);
        assert_eq!(packing, "packing objects: 40 of 700, 0 KiB sent");
        // The speculative pack was discarded.
        assert_eq!(shown.counting(256), "counting objects again: 256");
        let packing = shown.packing(3, 900, 2048);
        assert_eq!(packing, "packing objects again: 3 of 900, 2 KiB sent");
    }

    #[test]
    fn packing_that_starts_again_says_so_without_a_count_between() {
        let mut shown = Shown::default();
        shown.packing(40, 700, 0);
        let packing = shown.packing(39, 700, 0);
        assert_eq!(packing, "packing objects again: 39 of 700, 0 KiB sent");
    }
}
