//! Waiting for what another thread or process does, without a guess at how long it takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// So long a test waits for something before it fails.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Returns what `look` finds as soon as it finds something.
///
/// # Panics
///
/// After a minute, with `what` was waited for.
pub fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < MAX_WAIT, "waited in vain for {what}");
        sleep(Duration::from_millis(2));
    }
}
