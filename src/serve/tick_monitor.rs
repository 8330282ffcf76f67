//! `TickMonitor`: whether the schedules are checked regularly.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// When the schedules were checked last, and the interval.
#[derive(Debug)]
pub(super) struct TickMonitor {
    pub(super) interval: Duration,
    started_at: i64,
    /// In milliseconds since 1970; 0 before the first tick.
    last: AtomicI64,
}

impl TickMonitor {
    pub(super) fn new(interval: Duration, now: Timestamp) -> Self {
        Self {
            interval,
            started_at: now.as_millisecond(),
            last: AtomicI64::new(0),
        }
    }

    /// Records a tick.
    pub(super) fn tick(&self, at: Timestamp) {
        self.last.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Returns the last tick.
    pub(super) fn last(&self) -> Option<Timestamp> {
        let last = self.last.load(Ordering::Relaxed);
        (last > 0)
            .then(|| Timestamp::from_millisecond(last).ok())
            .flatten()
    }

    /// Says whether the last tick, or the start, is more than two intervals ago.
    pub(super) fn is_stuck(&self, now: Timestamp) -> bool {
        let last = self.last.load(Ordering::Relaxed).max(self.started_at);
        let silent = now.as_millisecond().saturating_sub(last);
        u128::try_from(silent).is_ok_and(|silent| silent > 2 * self.interval.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tick_for_twice_the_interval_is_stuck() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let ticks = TickMonitor::new(Duration::from_secs(5), at(1000));
        // The first tick has as long as any other.
        assert!(!ticks.is_stuck(at(1010)));
        assert!(ticks.is_stuck(at(1011)));
        ticks.tick(at(1020));
        assert!(!ticks.is_stuck(at(1030)));
        assert!(ticks.is_stuck(at(1031)));
        // A clock that was set back is not taken for a stuck tick.
        assert!(!ticks.is_stuck(at(900)));
    }
}
