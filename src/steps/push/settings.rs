//! The values of the settings of `push`, checked when the policy is read.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{PolicyDuration, Trigger};

/// How submodules are checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SubmoduleRule {
    /// They are checked.
    #[default]
    Check,
    /// They are not looked at.
    Ignore,
}

/// One push option: a line of at most 1000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(super) struct PushOption(String);

impl PushOption {
    /// Returns the line.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PushOption {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() || text.len() > 1000 || text.contains(char::is_control) {
            return Err("wanted one line of 1 to 1000 bytes without control characters");
        }
        Ok(Self(text))
    }
}

impl From<PushOption> for String {
    fn from(word: PushOption) -> Self {
        word.0
    }
}

/// Whether the `pre-push` hook runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Hooks {
    /// It runs unless an agent asked.
    #[default]
    Auto,
    /// It runs.
    Run,
    /// It does not run.
    Skip,
}

/// How a branch is pushed that was rewritten after an earlier push.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rewrite {
    /// It is refused, with the command that pushes it.
    #[default]
    Refuse,
    /// It replaces what was pushed from here, where the remote has exactly that still.
    Lease,
}

impl Rewrite {
    /// Says whether a push that `trigger` asked for may replace what was pushed.
    pub(super) fn applies(self, trigger: Trigger) -> bool {
        self == Self::Lease && !trigger.is_agent()
    }
}

/// Whether the remote's ref is read again after it has reported success.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verify {
    /// Where nobody waits for the answer: in a worker, and for agents.
    #[default]
    Auto,
    /// It is.
    Always,
    /// It is not.
    Never,
}

impl Verify {
    /// Says whether the remote is asked after a push that `trigger` asked for.
    pub(super) const fn applies(self, trigger: Trigger) -> bool {
        match self {
            Self::Auto => !matches!(trigger, Trigger::Manual),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// How old a commit must be before a worker pushes it; `0s` for no wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(super) struct Settle(Option<PolicyDuration>);

impl Settle {
    /// Returns the length.
    pub(super) fn duration(self) -> Duration {
        self.0.map_or(Duration::ZERO, PolicyDuration::duration)
    }
}

impl TryFrom<String> for Settle {
    type Error = crate::policy::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "0s" | "0" => Ok(Self(None)),
            text => text.parse().map(|span| Self(Some(span))),
        }
    }
}

impl From<Settle> for String {
    fn from(settle: Settle) -> Self {
        settle
            .0
            .map_or_else(|| "0s".to_owned(), |span| span.to_string())
    }
}
