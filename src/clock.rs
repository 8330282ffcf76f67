//! The time: the system's, or a fixed one for tests.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's wall clock and monotonic clock.
    System,
    /// A wall clock that stands still. Durations are zero.
    Fixed(Timestamp),
}

impl Clock {
    /// Returns the wall-clock time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that the others ask"
    )]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => *at,
        }
    }

    /// Returns how long ago `start` was. Always zero on a fixed clock, so that reports repeat.
    pub fn since(&self, start: Instant) -> Duration {
        match self {
            Self::System => start.elapsed(),
            Self::Fixed(_) => Duration::ZERO,
        }
    }
}
