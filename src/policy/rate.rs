//! `Rate`: how often something may happen, written `20/h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::text::written_as_text;

/// A number in a time, from 1 to 100,000; as text `20/h`, with the units `s`, `m`, `h` and `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    unit: char,
}

written_as_text!(
    Rate,
    "a rate such as \"20/h\"",
    { "title": "rate", "type": "string", "pattern": "^[0-9]{1,6}/[smhd]$" }
);

/// Why a text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "got `{}`, wanted a rate such as \"20/h\": a number from 1 to 100000, a slash, and s, m, h or d", .0.escape_debug()
)]
pub struct RateError(String);

impl Rate {
    /// Returns how often.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns in which time.
    pub const fn window(self) -> Duration {
        match self.unit {
            's' => Duration::from_secs(1),
            'm' => Duration::from_mins(1),
            'h' => Duration::from_hours(1),
            _ => Duration::from_hours(24),
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let wrong = || RateError(text.into());
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let is_number = count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|_| is_number);
        match (count, unit) {
            (Some(count @ 1..=100_000), "s" | "m" | "h" | "d") => Ok(Self {
                count,
                unit: unit.chars().next().unwrap_or('d'),
            }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_unit_of_time() {
        let rate: Rate = "20/h".parse().unwrap();
        assert_eq!((rate.count(), rate.window()), (20, Duration::from_hours(1)));
        for text in ["1/s", "5/m", "20/h", "100000/d"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in [
            "", "20", "/h", "20/", "0/h", "-1/h", "+1/h", "20/hour", "100001/d", "2 /h",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError(text.into())), "{text}");
        }
    }
}
