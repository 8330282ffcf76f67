//! `Retry-After`: the time before which a server asks for no further request.

use jiff::{SignedDuration, Timestamp};

/// The longest wait that is honoured: a hostile server must not delay work for ever.
const MAX_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Reads the header in either of its forms, seconds from `now` or a date. The time is neither before
/// `now` nor more than a day after it. What cannot be read is as if it were not there.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Timestamp> {
    let text = header.trim();
    let latest = now.checked_add(MAX_WAIT).ok()?;
    let at = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        let seconds = text.parse().unwrap_or(i64::MAX);
        let wait = SignedDuration::from_secs(seconds).min(MAX_WAIT);
        now.checked_add(wait).ok()?
    } else {
        jiff::fmt::rfc2822::parse(text).ok()?.timestamp()
    };
    Some(at.clamp(now, latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<i64> {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        Some(retry_after(value, now)?.duration_since(now).as_secs())
    }

    #[test]
    fn every_form_of_retry_after_is_read_and_bounded() {
        assert_eq!(wait("1"), Some(1));
        assert_eq!(wait(" 3600 "), Some(3600));
        assert_eq!(wait("99999999999999999999"), Some(24 * 3600));
        assert_eq!(wait("Thu, 01 Jan 2026 00:02:00 GMT"), Some(120));
        assert_eq!(wait("Wed, 31 Dec 2025 00:00:00 GMT"), Some(0));
        assert_eq!(wait("Fri, 31 Dec 2100 00:00:00 GMT"), Some(24 * 3600));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("soon"), None);
        assert_eq!(wait(""), None);
    }
}
