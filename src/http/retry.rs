//! Which requests are retried, and the wait before each.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use super::error::HttpError;
use super::response::Response;

/// How often a safe request is sent at most.
const MAX_TRIES: u32 = 3;

/// The shortest time in which another try is made.
const MIN_TRY_TIME: Duration = Duration::from_millis(50);

/// The time that one request may take, its repeats included.
#[derive(Debug)]
pub(super) struct Budget {
    end: Instant,
    tries: u32,
}

impl Budget {
    /// Starts a budget that ends after `total`.
    pub(super) fn starting_now(total: Duration) -> Self {
        Self {
            end: Instant::now() + total,
            tries: 1,
        }
    }

    /// Returns how long the next try may take.
    pub(super) fn next_try(&self, at_most: Duration) -> Duration {
        self.left().min(at_most)
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Returns how long to wait before the next try, or nothing when this outcome stands.
    ///
    /// Only for safe methods: whoever calls this may send the request again.
    pub(super) fn wait_after(&mut self, outcome: &Result<Response, HttpError>) -> Option<Duration> {
        let wait = match outcome {
            Err(error) if error.is_transient() => backoff(self.tries),
            Ok(response) => match (response.status(), response.retry_after()) {
                (429 | 502..=504, Some(at)) => {
                    let wait = at.duration_since(response.received_at());
                    Duration::try_from(wait).unwrap_or(Duration::ZERO)
                }
                (502..=504, None) => backoff(self.tries),
                _ => return None,
            },
            Err(_) => return None,
        };
        let fits = self.tries < MAX_TRIES && wait + MIN_TRY_TIME <= self.left();
        self.tries += 1;
        fits.then_some(wait)
    }
}

/// Returns 100 ms, 300 ms, …, each up to a half longer, so that many clients do not retry at the same time.
fn backoff(tries: u32) -> Duration {
    let base = Duration::from_millis(100) * 3_u32.saturating_pow(tries.saturating_sub(1).min(4));
    // The seed of the standard library's hasher is the random number that is already linked.
    let random = RandomState::new().hash_one(tries);
    let percent = u32::try_from(random % 50).unwrap_or(0);
    base + base * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_below_one_and_a_half_times_their_base() {
        for (tries, base) in [(1, 100), (2, 300), (3, 900)] {
            let wait = backoff(tries).as_millis();
            assert!(
                (base..base * 3 / 2).contains(&wait),
                "{wait} for try {tries}"
            );
        }
    }
}
