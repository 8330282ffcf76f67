//! `Zone`: a time zone by its name in the IANA database.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

/// A time zone of the IANA database, such as `Europe/Berlin`. By default UTC.
///
/// The system's database is asked first, and the copy in the program where there is none.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Eq for Zone {}

impl PartialEq for Zone {
    /// A name has one set of rules. To compare those, the library keeps a list of all names, which the loader would
    /// relocate in every run.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Why a text is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got `{0}`, wanted a time zone of the IANA database such as \"Europe/Berlin\", or \"UTC\"")]
pub struct ZoneError(String);

impl Zone {
    /// The name of the default.
    pub const UTC: &str = "UTC";

    /// Returns its rules.
    pub(super) const fn rules(&self) -> &TimeZone {
        &self.zone
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self {
            name: Self::UTC.into(),
            zone: TimeZone::UTC,
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        let shown = || ZoneError(name.escape_debug().take(60).collect());
        let zone = TimeZone::get(name).map_err(|_| shown())?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_of_the_database() {
        assert_eq!(
            "Europe/Berlin".parse::<Zone>().unwrap().to_string(),
            "Europe/Berlin"
        );
        assert_eq!(Zone::default(), "UTC".parse().unwrap());
        for name in ["", "Mars/Base", "../../etc/passwd", "\u{1b}[31m"] {
            let error = name.parse::<Zone>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{}`", name.escape_debug())),
                "{error}"
            );
            assert!(error.ends_with("\"Europe/Berlin\", or \"UTC\""), "{error}");
        }
    }
}
