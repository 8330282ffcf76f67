//! `Pulse`: how long the other side has been silent, and whether we were told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::git::transport::TransportError;

/// How often a waiting link looks at its pulse.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// So many bytes of a ready answer are worth the whole time for which nothing may move.
const FAIR: u64 = 1024;

/// Why a link was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// Nothing moved for this long.
    Silence(Duration),
    /// The caller wants to end.
    Stopped,
}

impl From<Interruption> for TransportError {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Silence(limit) => Self::Timeout(limit),
            Interruption::Stopped => Self::Stopped,
        }
    }
}

/// How long the other side has been silent. Clones share one pulse.
///
/// The time in which the pack is made does not count: that is our own work.
#[derive(Debug, Clone)]
pub(super) struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: Duration,
    start: Instant,
    /// Milliseconds from `start` to the last sign of life.
    last: AtomicU64,
    working: AtomicBool,
}

impl Pulse {
    /// Starts a pulse that may stand still for `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self(Arc::new(Inner {
            limit,
            start: Instant::now(),
            last: AtomicU64::new(0),
            working: AtomicBool::new(false),
        }))
    }

    /// Something moved.
    pub(super) fn beat(&self) {
        let now = self.0.start.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
    }

    /// So many bytes of an answer that is ready came. What drips in counts for less than it takes, so that
    /// nobody can hold us with a byte now and then.
    pub(super) fn heard(&self, bytes: usize) {
        let limit = u64::try_from(self.0.limit.as_millis()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let worth = limit.saturating_mul(bytes) / FAIR;
        let now = self.0.start.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let last = self.0.last.load(Ordering::Relaxed);
        let last = now.min(last.saturating_add(worth));
        self.0.last.store(last, Ordering::Relaxed);
    }

    /// From here on we wait for ourselves.
    pub(super) fn work_begins(&self) {
        self.0.working.store(true, Ordering::Relaxed);
    }

    /// From here on we wait for the other side.
    pub(super) fn work_ends(&self) {
        self.beat();
        self.0.working.store(false, Ordering::Relaxed);
    }

    /// Returns why the link should be given up, if it should.
    pub(super) fn check(&self, stop: &AtomicBool) -> Option<Interruption> {
        if stop.load(Ordering::Relaxed) {
            return Some(Interruption::Stopped);
        }
        let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        let silent = self.0.start.elapsed().saturating_sub(last);
        let given_up = silent > self.0.limit && !self.0.working.load(Ordering::Relaxed);
        given_up.then_some(Interruption::Silence(self.0.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_drip_do_not_keep_a_link_alive() {
        let stop = AtomicBool::new(false);
        let pulse = Pulse::new(Duration::from_millis(50));
        let alive = |bytes: usize| {
            pulse.beat();
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(10));
                pulse.heard(bytes);
            }
            pulse.check(&stop).is_none()
        };
        assert!(!alive(1));
        assert!(alive(1024));
    }

    #[test]
    fn silence_counts_and_our_own_work_does_not() {
        let stop = AtomicBool::new(false);
        let pulse = Pulse::new(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(
            pulse.check(&stop),
            Some(Interruption::Silence(Duration::ZERO))
        );
        pulse.work_begins();
        assert_eq!(pulse.check(&stop), None);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(pulse.check(&stop), Some(Interruption::Stopped));
    }
}
