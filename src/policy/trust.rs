//! The table `trust`: what counts as trusted on every machine of a fleet. Only the system's policy may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What counts as trusted on every machine of a fleet, without a person at each of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Trust {
    /// Keys and steps of repositories' policies that count, each by the hash that `sendoff trust --diff` shows: of the key, its value and the files of the work tree that it runs. Only the system's policy may say.
    pub steps: Vec<TrustHash>,
}

crate::classes!(Trust { steps: D });

/// A SHA-256, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct TrustHash(String);

impl TrustHash {
    /// Returns the digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TrustHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("this is no hash of `sendoff trust --diff`, which has 64 hexadecimal digits")
        }
    }
}
