//! `CronExpression`: five fields or a word such as `@daily`, and the times that they mean.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;

use super::zone::Zone;

/// The longest expression, in bytes. One that lists every minute, hour and day has less than 400.
const MAX_LENGTH: usize = 512;

/// The words that stand for five fields.
const WORDS: [&str; 7] = [
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
];

/// A cron expression: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily` (`@midnight`), `@weekly`,
/// `@monthly`, `@yearly` (`@annually`).
///
/// A day matches when the day of the month or the day of the week does, where both are restricted: not `*`; else when both do. Where
/// the clocks go forward, a fixed time (one minute of one hour) that does not exist runs at the first moment after the gap, and
/// other times in the gap are left out. Where they go back, a fixed time runs at its first occurrence only, and others at both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
    cron: Cron,
}

/// Why a text is no cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has not five fields, and is no word such as `@daily`.
    #[error(
        "got `{0}`, wanted five fields such as \"0 3 * * 1-5\", or @daily: minute, hour, day of the month, month, day of the week"
    )]
    Fields(String),
    /// It begins as a word does, and is none.
    #[error("got `{text}`, wanted one of {}", WORDS.join(", "), text = .0)]
    Word(String),
    /// A field is not what it may be.
    #[error("got `{text}`, wanted five fields such as \"0 3 * * 1-5\", or @daily: {said}")]
    Field {
        /// The expression, fit to be shown.
        text: String,
        /// What is wrong with it.
        said: String,
    },
    /// No calendar has such a day.
    #[error("got `{0}`, which no day of the calendar matches")]
    Never(String),
}

impl CronExpression {
    /// Returns the first time after `after` that it means in `zone`; `None` where no calendar has one.
    pub fn next_after(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_zoned(zone.rules().clone());
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp())
    }
}

impl FromStr for CronExpression {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let shown = || text.escape_debug().take(60).collect();
        let text = text.trim();
        let is_word = text.starts_with('@');
        if is_word && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(CronError::Word(shown()));
        }
        let is_plain = text.len() <= MAX_LENGTH && !text.chars().any(char::is_control);
        if !is_plain || !(is_word || text.split_whitespace().count() == 5) {
            return Err(CronError::Fields(shown()));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        // The parser does not know this word.
        let is_midnight = text.eq_ignore_ascii_case("@midnight");
        let pattern = if is_midnight { "@daily" } else { text };
        let cron = parser.parse(pattern).map_err(|error| CronError::Field {
            text: shown(),
            said: what(&error.to_string()),
        })?;
        let expression = Self {
            text: text.to_owned(),
            cron,
        };
        let ever = expression.next_after(&Zone::default(), Timestamp::UNIX_EPOCH);
        ever.map(|_| expression)
            .ok_or_else(|| CronError::Never(shown()))
    }
}

/// Returns what an error of the parser says, without the words before it that name its part of the program.
fn what(said: &str) -> String {
    let said = said.rsplit_once(": ").map_or(said, |(_, said)| said);
    let said = said
        .trim_end_matches('.')
        .replace("CronPattern contains", "it contains");
    let mut rest = said.chars();
    let first = rest.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(rest).collect()
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let expression: CronExpression = expression.parse().unwrap();
        let zone: Zone = zone.parse().unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            at = expression.next_after(&zone, at).unwrap();
            found.push(
                at.to_zoned(zone.rules().clone())
                    .strftime("%m-%dT%H:%M%:z")
                    .to_string(),
            );
        }
        found
    }

    #[test]
    fn a_time_in_the_gap_runs_right_after_it_when_it_is_a_fixed_one() {
        let gap = |expression| times(expression, "America/New_York", "2026-03-08T05:30:00.5Z", 2);
        assert_eq!(
            gap("30 2 * * *"),
            ["03-08T03:00-04:00", "03-09T02:30-04:00"]
        );
        assert_eq!(
            gap("*/30 2 * * *"),
            ["03-09T02:00-04:00", "03-09T02:30-04:00"]
        );
        assert_eq!(
            gap("0 */2 * * *"),
            ["03-08T04:00-04:00", "03-08T06:00-04:00"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_runs_once_when_it_is_a_fixed_one() {
        let overlap = |expression, count| {
            times(
                expression,
                "America/New_York",
                "2026-11-01T05:10:00Z",
                count,
            )
        };
        assert_eq!(
            overlap("30 1 * * *", 2),
            ["11-01T01:30-04:00", "11-02T01:30-05:00"]
        );
        let half_hours = [
            "11-01T01:30-04:00",
            "11-01T01:00-05:00",
            "11-01T01:30-05:00",
        ];
        assert_eq!(overlap("*/30 * * * *", 3), half_hours);
    }

    #[test]
    fn day_of_the_month_and_day_of_the_week_are_alternatives() {
        let found = times("0 0 13 * FRI", "UTC", "2026-01-01T00:00:00Z", 4);
        let expected = [
            "01-02T00:00+00:00",
            "01-09T00:00+00:00",
            "01-13T00:00+00:00",
            "01-16T00:00+00:00",
        ];
        assert_eq!(found, expected);
        for word in ["@Daily", "@midnight"] {
            assert_eq!(
                times(word, "UTC", "2026-01-01T00:00:00Z", 1),
                ["01-02T00:00+00:00"]
            );
        }
        assert_eq!(
            times("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1),
            ["02-29T00:00+00:00"]
        );
    }

    #[test]
    fn an_error_shows_the_expression_and_what_is_wrong_with_it() {
        let errors: Vec<String> = [
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "*/0 * * * *",
            "H * * * *",
            "0 0 30 2 *",
            "@reboot",
            "",
            "0 3 * * *\u{1b}[31m",
        ]
        .iter()
        .map(|text| text.parse::<CronExpression>().unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
    got `* * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: minute, hour, day of the month, month, day of the week
    got `* * * * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: minute, hour, day of the month, month, day of the week
    got `60 * * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: number out of bounds
    got `*/0 * * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: step cannot be zero
    got `H * * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: it contains illegal character 'H' in part 'H'
    got `0 0 30 2 *`, which no day of the calendar matches
    got `@reboot`, wanted one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually
    got ``, wanted five fields such as "0 3 * * 1-5", or @daily: minute, hour, day of the month, month, day of the week
    got `0 3 * * *\u{1b}[31m`, wanted five fields such as "0 3 * * 1-5", or @daily: minute, hour, day of the month, month, day of the week
    "#);
    }
}
