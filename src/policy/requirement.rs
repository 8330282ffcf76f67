//! `Requirement`: the oldest version of sendoff that can read a policy.

use std::fmt;
use std::str::FromStr;

use semver::{Comparator, Op, Prerelease, Version};

use super::text::written_as_text;

/// The oldest version of sendoff that can read a policy, as text `>=0.1` or `>=0.1.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    text: String,
    version: Comparator,
}

written_as_text!(
    Requirement,
    "a version such as \">=0.1\"",
    { "title": "version", "type": "string", "pattern": "^>= *[0-9]+(\\.[0-9]+){0,2}$" }
);

/// Why a text is not a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got `{}`, wanted a version such as \">=0.1\"", .0.escape_debug())]
pub(super) struct RequirementError(String);

impl Requirement {
    /// The version of this program.
    pub(super) const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Says whether this program is new enough.
    pub(super) fn is_met(&self) -> bool {
        self.is_met_by(Self::VERSION)
    }

    fn is_met_by(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|mut version| {
            // A pre-release has the keys of its release already.
            version.pre = Prerelease::EMPTY;
            self.version.matches(&version)
        })
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        match Comparator::parse(text) {
            Ok(version)
                if version.op == Op::GreaterEq && version.pre.is_empty() && !text.contains('*') =>
            {
                Ok(Self {
                    text: text.to_owned(),
                    version,
                })
            }
            _ => Err(RequirementError(text.to_owned())),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_number_by_number() {
        assert!(Requirement::from_str(">=0.0.9").unwrap().is_met());
        assert!(Requirement::from_str(">= 0").unwrap().is_met());
        assert!(
            Requirement::from_str(&format!(">={}", Requirement::VERSION))
                .unwrap()
                .is_met()
        );
        assert!(!Requirement::from_str(">=99.10").unwrap().is_met());
        let wanted = Requirement::from_str(">=1.9.1").unwrap();
        assert!(wanted.is_met_by("1.10.0"));
        assert!(wanted.is_met_by("1.9.1-rc.1"));
        assert!(!wanted.is_met_by("1.9.0"));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "0.1",
            "=0.1",
            ">=",
            ">=a",
            ">=1.2.3.4",
            ">=1.",
            "<2",
            ">=1.*",
            ">=1.0.0-rc",
        ] {
            assert!(Requirement::from_str(text).is_err(), "{text:?}");
        }
    }
}
