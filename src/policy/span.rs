//! `Span`: a duration, written `10s` or `2m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::text::read_as_text;

/// The longest duration in a policy.
const MAX_DURATION: Duration = Duration::from_hours(24);

/// A duration, more than zero and at most 24 hours; as text `10s`, `2m`, `1h30m`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Span(Duration);

read_as_text!(Span, "a duration such as \"10s\" or \"2m\"");

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// It does not consist of numbers with units.
    #[error("got `{}`, wanted a duration such as \"10s\", \"2m\" or \"1h30m\"", .0.escape_debug())]
    Syntax(String),
    /// It is zero, or more than a day.
    #[error("got `{}`, wanted a duration above 0 and at most 24h", .0.escape_debug())]
    Range(String),
}

impl Span {
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

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let length = parse(text).ok_or_else(|| SpanError::Syntax(text.into()))?;
        if length.is_zero() || length > MAX_DURATION {
            return Err(SpanError::Range(text.into()));
        }
        Ok(Self(length))
    }
}

/// Adds up pairs of number and unit; `None` when a pair is incomplete.
fn parse(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let letters = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let part = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

impl fmt::Display for Span {
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

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "title": "duration",
            "pattern": "^([0-9]+(ms|s|m|h))+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_numbers_with_units() {
        let millis = |text: &str| text.parse::<Span>().unwrap().duration().as_millis();
        assert_eq!(millis("10s"), 10_000);
        assert_eq!(millis("2m"), 120_000);
        assert_eq!(millis("1h30m"), 5_400_000);
        assert_eq!(millis("250ms"), 250);
        assert_eq!(millis("24h"), 86_400_000);
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1 s",
            "1.5s",
            "10x",
            "s10",
            "99999999999999999999s",
        ] {
            assert!(
                matches!(text.parse::<Span>(), Err(SpanError::Syntax(_))),
                "{text:?}"
            );
        }
        for text in ["0s", "0ms", "25h", "18446744073709551615s"] {
            assert!(
                matches!(text.parse::<Span>(), Err(SpanError::Range(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_span_is_shown_as_it_can_be_read() {
        for text in ["10s", "120s", "30m", "1h", "90s", "1500ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
    }
}
