//! `Requirement`: the oldest version of sendoff that can read a policy.

use std::fmt;

use serde::Serialize;

use super::text::read_as_text;

/// The oldest version of sendoff that can read a policy, as text `>=0.1` or `>=0.1.2`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(super) struct Requirement {
    text: String,
    version: [u64; 3],
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
        let version = text.strip_prefix(">=").map(str::trim).and_then(numbers);
        version
            .map(|version| Self {
                text: text.to_owned(),
                version,
            })
            .ok_or_else(|| RequirementError(text.to_owned()))
    }

    /// Says whether this program is new enough.
    pub(super) fn is_met(&self) -> bool {
        numbers(Self::VERSION).is_some_and(|version| version >= self.version)
    }
}

/// Reads `1`, `1.2` or `1.2.3`.
fn numbers(text: &str) -> Option<[u64; 3]> {
    let mut version = [0; 3];
    let mut parts = text.split('.');
    for (number, part) in version.iter_mut().zip(&mut parts) {
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(version)
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
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "0.1", "=0.1", ">=", ">=a", ">=1.2.3.4", ">=1.", "<2"] {
            assert!(Requirement::new(text).is_err(), "{text:?}");
        }
    }
}
