//! `Requirement`: the oldest version of sendoff that can read a policy.

use std::fmt;

use semver::{Comparator, Op, Prerelease, Version};
use serde::Serialize;

use super::text::read_as_text;

/// The oldest version of sendoff that can read a policy, as text `>=0.1` or `>=0.1.2`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(super) struct Requirement {
    text: String,
    version: Comparator,
}

read_as_text!(Requirement, "a version such as \">=0.1\"");

/// Why a text is not a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got `{}`, wanted a version such as \">=0.1\"", .0.escape_debug())]
pub(super) struct RequirementError(String);

impl Requirement {
    /// The version of this program.
    pub(super) const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Reads a requirement.
    pub(super) fn new(text: &str) -> Result<Self, RequirementError> {
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

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Requirement {
    type Error = RequirementError;

    fn try_from(text: String) -> Result<Self, RequirementError> {
        Self::new(&text)
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.text
    }
}

impl schemars::JsonSchema for Requirement {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Requirement".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "title": "version", "type": "string", "pattern": "^>= *[0-9]+(\\.[0-9]+){0,2}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_number_by_number() {
        assert!(Requirement::new(">=0.0.9").unwrap().is_met());
        assert!(Requirement::new(">= 0").unwrap().is_met());
        assert!(
            Requirement::new(&format!(">={}", Requirement::VERSION))
                .unwrap()
                .is_met()
        );
        assert!(!Requirement::new(">=99.10").unwrap().is_met());
        let wanted = Requirement::new(">=1.9.1").unwrap();
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
            assert!(Requirement::new(text).is_err(), "{text:?}");
        }
    }
}
