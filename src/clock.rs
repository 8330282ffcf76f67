//! The time: the system's, or a fixed one for tests.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

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
            Self::System => Timestamp::now() + wrong_by(),
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

/// Formats a time in UTC to the second, such as `2026-01-31T12:00:00Z`.
pub fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns how wrong a test wants the system's clock to be: `SENDOFF_CLOCK_OFFSET`, in seconds. Only in builds with
/// debug assertions.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's variable, which is part of no contract"
)]
fn wrong_by() -> SignedDuration {
    use std::sync::OnceLock;
    static WRONG_BY: OnceLock<SignedDuration> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return SignedDuration::ZERO;
    }
    *WRONG_BY.get_or_init(|| {
        let given = std::env::var("SENDOFF_CLOCK_OFFSET").ok();
        let seconds = given.and_then(|seconds| seconds.parse().ok());
        seconds.map_or(SignedDuration::ZERO, SignedDuration::from_secs)
    })
}
