//! `[environment]`: how far the environment of the process is trusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far the environment of the process is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Which variables count. Only the system's policy may say.
    pub trust: EnvironmentTrust,
}

crate::classes!(Environment { trust: D });

/// Which variables of the environment count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentTrust {
    /// All that git, curl and OpenSSL honour, and our own: whoever controls a process's environment can do what the process can.
    #[default]
    Caller,
    /// Tokens, `WORKSPACE_ID`, `SENDOFF`, `SENDOFF_LOG`, `NO_COLOR` and `LANG`; the report names the others that are set.
    None,
}
