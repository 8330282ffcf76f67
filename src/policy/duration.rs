//! `PolicyDuration`: a duration in a policy, written `10s` or `2m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::text::written_as_text;
use jiff::fmt::friendly::SpanParser;

/// The longest duration in a policy.
const MAX_DURATION: Duration = Duration::from_hours(24);

/// A duration, more than zero and at most 24 hours; as text `10s`, `2m`, `1h30m`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyDuration(Duration);

written_as_text!(
    PolicyDuration,
    "a duration such as \"10s\" or \"2m\"",
    { "type": "string", "title": "duration", "pattern": "^[0-9][0-9a-zµ., ]*[a-zµ]$" }
);

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It does not consist of numbers with units.
    #[error("got `{}`, wanted a duration such as \"10s\", \"2m\" or \"1h30m\"", .0.escape_debug())]
    Syntax(String),
    /// It is zero, or more than a day.
    #[error("got `{}`, wanted a duration above 0 and at most 24h", .0.escape_debug())]
    Range(String),
}

impl PolicyDuration {
    /// Makes a duration of whole seconds, clamped to 1 to 86,400.
    pub const fn seconds(seconds: u64) -> Self {
        match seconds {
            0 => Self(Duration::from_secs(1)),
            1..=86_400 => Self(Duration::from_secs(seconds)),
            _ => Self(MAX_DURATION),
        }
    }

    /// Returns the duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for PolicyDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let length = SpanParser::new()
            .parse_unsigned_duration(text)
            .map_err(|_| DurationError::Syntax(text.into()))?;
        // What is shown again has no more than milliseconds.
        let length = Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        if length.is_zero() || length > MAX_DURATION {
            return Err(DurationError::Range(text.into()));
        }
        Ok(Self(length))
    }
}

impl fmt::Display for PolicyDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.subsec_millis();
        let seconds = self.0.as_secs();
        if millis != 0 {
            return write!(f, "{}ms", self.0.as_millis());
        }
        match (seconds / 3600, seconds % 3600) {
            (hours, 0) => write!(f, "{hours}h"),
            // The usual form: 120s, but 30m.
            _ if seconds >= 600 && seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let millis = |text: &str| {
            text.parse::<PolicyDuration>()
                .unwrap()
                .duration()
                .as_millis()
        };
        assert_eq!(millis("10s"), 10_000);
        assert_eq!(millis("2m"), 120_000);
        assert_eq!(millis("1h30m"), 5_400_000);
        assert_eq!(millis("250ms"), 250);
        assert_eq!(millis("24h"), 86_400_000);
        assert_eq!(millis("1.5s"), 1_500);
        assert_eq!(millis("2 minutes, 30 seconds"), 150_000);
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1d",
            "5s ago",
            "10x",
            "s10",
            "99999999999999999999s",
        ] {
            assert!(
                matches!(
                    text.parse::<PolicyDuration>(),
                    Err(DurationError::Syntax(_))
                ),
                "{text:?}"
            );
        }
        for text in ["0s", "0ms", "10us", "25h", "18446744073709551615s"] {
            assert!(
                matches!(text.parse::<PolicyDuration>(), Err(DurationError::Range(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_duration_is_shown_as_it_can_be_read() {
        for text in ["10s", "120s", "30m", "1h", "90s", "1500ms", "1ms"] {
            assert_eq!(text.parse::<PolicyDuration>().unwrap().to_string(), text);
        }
    }
}
