//! `Deadline`: the time limit of a run, which is suspended while pack bytes are sent.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::threads::lock;

/// The longest suspension, in all.
const MAX_SUSPENSION: Duration = Duration::from_mins(30);

/// The time limit of a run. Clones share it.
#[derive(Debug, Clone)]
pub struct Deadline {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    limit: Duration,
    began: Instant,
    at: Instant,
    suspended: Duration,
    /// How many suspensions are active, and since when.
    suspensions: usize,
    since: Instant,
    /// Whether the run has noticed that the deadline passed, and ends in order.
    noticed: bool,
}

impl Deadline {
    /// Starts the time of a run with this limit.
    pub fn new(limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            state: Arc::new(Mutex::new(State {
                limit,
                began: now,
                at: now + limit,
                suspended: Duration::ZERO,
                suspensions: 0,
                since: now,
                noticed: false,
            })),
        }
    }

    /// Replaces the limit, which counts from the start of the run.
    pub fn set_limit(&self, limit: Duration) {
        let mut state = self.lock();
        state.at = state.began + limit + state.suspended;
        state.limit = limit;
    }

    /// Returns the limit.
    pub fn limit(&self) -> Duration {
        self.lock().limit
    }

    /// Returns the time that is left; zero when the deadline has passed.
    pub fn remaining(&self) -> Duration {
        let now = Instant::now();
        let state = self.lock();
        (state.at + state.pause(now)).saturating_duration_since(now)
    }

    /// Says whether the deadline has passed.
    pub fn is_over(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Records that the run has noticed that the deadline passed.
    pub(super) fn notice(&self) {
        self.lock().noticed = true;
    }

    /// Says whether the run has noticed that the deadline passed, so that it ends in order.
    pub(super) fn is_noticed(&self) -> bool {
        self.lock().noticed
    }

    /// Suspends the deadline until the guard is dropped, at most half an hour in all.
    ///
    /// Only for while bytes are sent: the caller must have an idle timeout of its own.
    pub fn suspend(&self) -> Suspension {
        let mut state = self.lock();
        if state.suspensions == 0 {
            state.since = Instant::now();
        }
        state.suspensions += 1;
        drop(state);
        Suspension(self.clone())
    }

    /// Waits for the deadline.
    pub(super) async fn over(&self) {
        loop {
            let remaining = self.remaining();
            if remaining.is_zero() {
                return;
            }
            tokio::time::sleep(remaining).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Returns the length of the current suspension.
    fn pause(&self, now: Instant) -> Duration {
        if self.suspensions == 0 {
            return Duration::ZERO;
        }
        now.saturating_duration_since(self.since)
            .min(MAX_SUSPENSION.saturating_sub(self.suspended))
    }
}

/// Suspends a [`Deadline`].
#[derive(Debug)]
#[must_use = "the deadline resumes when this is dropped"]
pub struct Suspension(Deadline);

impl Drop for Suspension {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.suspensions == 1 {
            let pause = state.pause(now);
            state.at += pause;
            state.suspended += pause;
        }
        state.suspensions = state.suspensions.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Simulates that `time` passed, by moving every instant back.
    fn pass(deadline: &Deadline, time: Duration) {
        let mut state = deadline.lock();
        state.began -= time;
        state.at -= time;
        state.since -= time;
    }

    #[test]
    fn a_deadline_that_was_suspended_for_too_long_passes_while_it_is_suspended() {
        let deadline = Deadline::new(Duration::from_mins(1));
        deadline.lock().suspended = MAX_SUSPENSION.saturating_sub(Duration::from_mins(1));
        let _held = deadline.suspend();
        pass(&deadline, Duration::from_secs(110));
        assert!(!deadline.is_over());
        pass(&deadline, Duration::from_secs(10));
        assert!(deadline.is_over());
    }

    #[test]
    fn a_deadline_does_not_pass_while_it_is_suspended() {
        let deadline = Deadline::new(Duration::from_mins(1));
        let first = deadline.suspend();
        let second = deadline.suspend();
        pass(&deadline, Duration::from_secs(90));
        drop(first);
        assert!(deadline.remaining() > Duration::from_secs(40));
        drop(second);
        let left = deadline.remaining();
        assert!(
            left > Duration::from_secs(20) && left <= Duration::from_mins(1),
            "{left:?}"
        );
        pass(&deadline, left);
        assert!(deadline.is_over());
    }

    #[test]
    fn a_new_limit_counts_from_the_start() {
        let deadline = Deadline::new(Duration::from_mins(2));
        deadline.set_limit(Duration::from_mins(1));
        let left = deadline.remaining();
        assert!(
            left > Duration::from_secs(30) && left <= Duration::from_mins(1),
            "{left:?}"
        );
        assert_eq!(deadline.limit(), Duration::from_mins(1));
    }

    #[test]
    fn a_suspension_has_an_end() {
        let deadline = Deadline::new(Duration::from_millis(1));
        deadline.lock().suspended = MAX_SUSPENSION;
        let held = deadline.suspend();
        pass(&deadline, Duration::from_millis(3));
        assert!(deadline.is_over());
        drop(held);
        assert!(deadline.is_over());
    }
}
