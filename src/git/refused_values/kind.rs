//! `Kind`: what git takes as the value of a key.

use gix::bstr::BStr;

use crate::git::config::{integer, truth};
use crate::git::refspec::{Direction, is_refspec};

/// The largest number that git reads as an `int`.
const INT: i128 = i32::MAX as i128;
/// The shortest abbreviation of an id that git takes.
const SHORTEST: i128 = 4;

/// What git takes as the value of a key. Words are separated by blanks.
pub(super) enum Kind {
    /// Any text, and not the key alone.
    Text,
    /// What is true or false.
    Truth,
    /// The same, or one of these words, in any case.
    TruthOr(&'static str),
    /// The same, or one of these words as they are written.
    TruthOrExactly(&'static str),
    /// What is true or false or one of these words, in any case, and not the key alone.
    NamedTruthOr(&'static str),
    /// What is false, or one of these words as they are written.
    NotOrExactly(&'static str),
    /// One of these words, in any case.
    OneOf(&'static str),
    /// One of these words as they are written.
    Exactly(&'static str),
    /// A number, with a unit or without one.
    Number,
    /// The same, of 64 bits.
    LargeNumber,
    /// A number of 64 bits without a sign.
    Size,
    /// A level of compression.
    Level,
    /// How long an abbreviated id is.
    Abbreviation,
    /// What is fetched; without a value it is the text that is missing.
    FetchRefspec,
    /// What is pushed, likewise.
    PushRefspec,
}

impl Kind {
    /// Returns what git has against a value, of which there is none where a line has the key alone.
    pub(super) fn problem(&self, value: Option<&BStr>) -> Option<&'static str> {
        let is_truth = truth(value).is_some();
        let number = |max: i128| value.and_then(|value| integer(value, max));
        let unknown = "git knows no such value";
        let is_spec = |direction| value.is_none_or(|value| is_refspec(value, direction, None));
        let (is_taken, problem) = match self {
            Self::Text => (value.is_some(), "it has no value"),
            Self::Truth => (is_truth, "it is neither true nor false"),
            Self::TruthOr(words) => (is_truth || is_word(value, words), unknown),
            Self::TruthOrExactly(words) => (is_truth || is_exactly(value, words), unknown),
            Self::NamedTruthOr(words) => {
                let is_taken = value.is_some() && (is_truth || is_word(value, words));
                (is_taken, unknown)
            }
            Self::NotOrExactly(words) => {
                let is_off = truth(value) == Some(false);
                (is_off || is_exactly(value, words), unknown)
            }
            Self::OneOf(words) => (is_word(value, words), unknown),
            Self::Exactly(words) => (is_exactly(value, words), unknown),
            Self::Number => (number(INT).is_some(), "it is no number"),
            Self::LargeNumber => (number(i64::MAX.into()).is_some(), "it is no number"),
            Self::Size => {
                let has_sign = value.is_some_and(|value| value.contains(&b'-'));
                let is_size = !has_sign && number(u64::MAX.into()).is_some();
                (is_size, "it is no size")
            }
            Self::Level => {
                let is_level = number(INT).is_some_and(|level| (-1..=9).contains(&level));
                (is_level, "it is no level from -1 to 9")
            }
            Self::FetchRefspec => (is_spec(Direction::Fetch), "it is no refspec"),
            Self::PushRefspec => (is_spec(Direction::Push), "it is no refspec"),
            Self::Abbreviation => {
                let is_length = number(INT).is_some_and(|length| length >= SHORTEST);
                // A number is not off.
                let is_taken = is_length
                    || value.is_some_and(|value| value.is_empty())
                    || is_word(value, "auto false no off");
                (is_taken, "it is no length of an id")
            }
        };
        (!is_taken).then_some(problem)
    }
}

fn is_word(value: Option<&BStr>, words: &str) -> bool {
    let is_one = |value: &BStr| {
        let mut words = words.split(' ');
        words.any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
    };
    value.is_some_and(is_one)
}

fn is_exactly(value: Option<&BStr>, words: &str) -> bool {
    value.is_some_and(|value| words.split(' ').any(|word| value == word))
}
