//! When to retry what failed.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use jiff::Timestamp;

/// The wait after the first try.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait without a server's request.
const MAX_WAIT: Duration = Duration::from_hours(1);
/// The longest wait that a server can ask for. A longer one means that a clock was changed, and is ignored.
const MAX_REQUESTED_WAIT: Duration = Duration::from_hours(24);

/// Returns when to retry after `attempts` tries: at the time that the server asked for, else after a wait that doubles
/// with each try.
///
/// The wait has a jitter of up to 20 %, so that clients that failed together do not retry together.
pub fn try_again_at(now: Timestamp, attempts: u32, asked: Option<Timestamp>) -> Timestamp {
    if let Some(asked) = asked {
        let wait = Duration::try_from(asked.duration_since(now)).unwrap_or_default();
        return now + wait.min(MAX_REQUESTED_WAIT);
    }
    let doubled =
        FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(20)));
    let wait = doubled.min(MAX_WAIT);
    let share = RandomState::new().hash_one(attempts) % 401;
    let jitter = 800 + u32::try_from(share).unwrap_or(0);
    now + wait * jitter / 1000
}

/// Returns how long it is until a time; zero when it has passed, or is so far away that a clock must have been changed.
pub fn wait_until(now: Timestamp, at: Timestamp) -> Duration {
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
    if wait > MAX_REQUESTED_WAIT {
        Duration::ZERO
    } else {
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn waits_double_up_to_an_hour() {
        let now = at("2026-01-01T00:00:00Z");
        for (attempts, seconds) in [(0, 1), (1, 1), (2, 2), (3, 4), (10, 512), (40, 3600)] {
            let wait = try_again_at(now, attempts, None).duration_since(now);
            let wait = wait.as_millis();
            let middle = i128::from(seconds) * 1000;
            assert!(
                (middle * 4 / 5..=middle * 6 / 5).contains(&wait),
                "{attempts}: {wait}"
            );
        }
    }

    #[test]
    fn n08_a_server_can_ask_for_a_wait_of_a_day() {
        let now = at("2026-01-01T00:00:00Z");
        let asked = |text: &str| try_again_at(now, 1, Some(at(text)));
        assert_eq!(asked("2026-01-01T01:00:00Z"), at("2026-01-01T01:00:00Z"));
        assert_eq!(asked("2025-01-01T00:00:00Z"), now);
        assert_eq!(asked("2099-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn x11_a_time_that_a_wrong_clock_wrote_has_come() {
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(wait_until(now, at("2100-01-01T00:00:00Z")), Duration::ZERO);
        assert_eq!(wait_until(now, at("1970-01-01T00:00:00Z")), Duration::ZERO);
        let minute = at("2026-01-01T00:01:00Z");
        assert_eq!(wait_until(now, minute), Duration::from_mins(1));
    }
}
