//! `IdleTimeout`: how long no byte came from the other side, and whether the caller stopped the push.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::git::transport::TransportError;

/// How often a waiting connection checks its idle timeout.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many bytes of a response earn the whole timeout again: fewer earn their share of it.
const BYTES_PER_TIMEOUT: u64 = 1024;

/// Why a connection was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// No byte was transferred for this long.
    Idle(Duration),
    /// The caller stopped the push.
    Stopped,
}

impl From<Interruption> for TransportError {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Idle(limit) => Self::Timeout(limit),
            Interruption::Stopped => Self::Stopped,
        }
    }
}

/// Measures how long no byte was transferred. Clones share one timer.
///
/// The time in which the pack is made does not count.
#[derive(Debug, Clone)]
pub(super) struct IdleTimeout(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: Duration,
    start: Instant,
    /// Milliseconds from `start` to the last transfer.
    last: AtomicU64,
    working: AtomicBool,
}

impl IdleTimeout {
    /// Starts a timer that runs out after `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self(Arc::new(Inner {
            limit,
            start: Instant::now(),
            last: AtomicU64::new(0),
            working: AtomicBool::new(false),
        }))
    }

    /// A byte was transferred.
    pub(super) fn reset(&self) {
        let now = self.0.start.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
    }

    /// `bytes` of a complete response arrived. Few bytes earn a share of the timeout only, so that a server
    /// that sends a byte now and then does not keep the connection open.
    pub(super) fn received(&self, bytes: usize) {
        let limit = u64::try_from(self.0.limit.as_millis()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let worth = limit.saturating_mul(bytes) / BYTES_PER_TIMEOUT;
        let now = self.0.start.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let last = self.0.last.load(Ordering::Relaxed);
        let last = now.min(last.saturating_add(worth));
        self.0.last.store(last, Ordering::Relaxed);
    }

    /// Pauses the timer: we are making the pack.
    pub(super) fn pause(&self) {
        self.0.working.store(true, Ordering::Relaxed);
    }

    /// Resumes the timer: we wait for the other side.
    pub(super) fn resume(&self) {
        self.reset();
        self.0.working.store(false, Ordering::Relaxed);
    }

    /// Returns why the connection should be given up, if it should.
    pub(super) fn check(&self, stop: &AtomicBool) -> Option<Interruption> {
        if stop.load(Ordering::Relaxed) {
            return Some(Interruption::Stopped);
        }
        let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        let silent = self.0.start.elapsed().saturating_sub(last);
        let given_up = silent > self.0.limit && !self.0.working.load(Ordering::Relaxed);
        given_up.then_some(Interruption::Idle(self.0.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets so much time pass.
    fn pass(idle: &mut IdleTimeout, time: Duration) {
        Arc::get_mut(&mut idle.0).unwrap().start -= time;
    }

    #[test]
    fn a_byte_now_and_then_does_not_keep_a_connection_open() {
        let stop = AtomicBool::new(false);
        let mut idle = IdleTimeout::new(Duration::from_secs(50));
        let mut alive = |bytes: usize| {
            idle.reset();
            for _ in 0..10 {
                pass(&mut idle, Duration::from_secs(10));
                idle.received(bytes);
            }
            idle.check(&stop).is_none()
        };
        assert!(!alive(1));
        assert!(alive(1024));
    }

    #[test]
    fn waiting_counts_and_our_own_work_does_not() {
        let stop = AtomicBool::new(false);
        let mut idle = IdleTimeout::new(Duration::ZERO);
        pass(&mut idle, Duration::from_millis(2));
        assert_eq!(idle.check(&stop), Some(Interruption::Idle(Duration::ZERO)));
        idle.pause();
        assert_eq!(idle.check(&stop), None);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(idle.check(&stop), Some(Interruption::Stopped));
    }
}
