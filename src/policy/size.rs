//! `Size`: a number of bytes, written `200MB`.

use std::fmt;
use std::str::FromStr;

use super::text::written_as_text;

/// The largest size in a policy: a terabyte.
const MAX_SIZE: u64 = 1_000_000_000_000;

/// The units, larger ones first, so that a size is shown in the largest unit that divides it.
const UNITS: &[(&str, u64)] = &[
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// A number of bytes, more than zero and at most a terabyte; as text `200MB`, `64KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

written_as_text!(
    Size,
    "a size such as \"200MB\"",
    { "title": "size", "type": "string", "pattern": "^[0-9]+(B|KB|MB|GB|TB|KiB|MiB|GiB)$" }
);

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// It is not a number with a unit.
    #[error("got `{}`, wanted a size such as \"200MB\" or \"64KiB\"", .0.escape_debug())]
    Syntax(String),
    /// It is zero, or more than a terabyte.
    #[error("got `{}`, wanted a size above 0 and at most 1TB", .0.escape_debug())]
    Range(String),
}

impl Size {
    /// Makes a size of `count` million bytes, at most a terabyte.
    pub const fn megabytes(count: u32) -> Self {
        let bytes = count as u64 * 1_000_000;
        Self(if bytes > MAX_SIZE { MAX_SIZE } else { bytes })
    }

    /// Returns the number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (Ok(number), Some((_, factor))) = (number.parse::<u64>(), known) else {
            return Err(SizeError::Syntax(text.into()));
        };
        match number.checked_mul(*factor) {
            Some(bytes @ 1..=MAX_SIZE) => Ok(Self(bytes)),
            _ => Err(SizeError::Range(text.into())),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .iter()
            .find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (name, factor) = unit.unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_number_with_a_unit() {
        let bytes = |text: &str| text.parse::<Size>().unwrap().bytes();
        assert_eq!(bytes("200MB"), 200_000_000);
        assert_eq!(bytes("64KiB"), 65_536);
        assert_eq!(bytes("1B"), 1);
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "5",
            "MB",
            "-1MB",
            "1 MB",
            "1.5MB",
            "1mb",
            "99999999999999999999B",
        ] {
            assert!(
                matches!(text.parse::<Size>(), Err(SizeError::Syntax(_))),
                "{text:?}"
            );
        }
        for text in ["0MB", "2TB", "18446744073709551615GB"] {
            assert!(
                matches!(text.parse::<Size>(), Err(SizeError::Range(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_size_is_shown_as_it_can_be_read() {
        for text in ["200MB", "64KiB", "1500B"] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        }
        assert_eq!(Size::megabytes(200).to_string(), "200MB");
    }
}
