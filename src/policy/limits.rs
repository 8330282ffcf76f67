//! The table `limits`: limits of time and size.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::PolicyDuration;
use super::size::Size;

/// Limits of time and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// The whole run. Suspended while pack bytes are sent and while a `pre-push` hook runs.
    pub deadline: PolicyDuration,
    /// A step without its own `timeout`.
    pub step_timeout: PolicyDuration,
    /// The idle time of a push.
    pub push_timeout: PolicyDuration,
    /// The user's `pre-push` hook, which suspends the run's deadline.
    pub hook_timeout: PolicyDuration,
    /// One answer of one of the user's credential helpers: a person may have to touch a key.
    pub helper_timeout: PolicyDuration,
    /// One request to the forge or the platform.
    pub http_timeout: PolicyDuration,
    /// Commits ahead of the base; a branch with more is not pushed.
    pub commits: Count,
    /// The size of a push's pack; a larger one is not sent.
    pub push_size: Size,
}

crate::classes!(Limits {
    deadline: ADown,
    step_timeout: ADown,
    push_timeout: ADown,
    hook_timeout: ADown,
    helper_timeout: ADown,
    http_timeout: ADown,
    commits: ADown,
    push_size: ADown,
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: PolicyDuration::seconds(120),
            step_timeout: PolicyDuration::seconds(30),
            push_timeout: PolicyDuration::seconds(60),
            hook_timeout: PolicyDuration::seconds(600),
            helper_timeout: PolicyDuration::seconds(60),
            http_timeout: PolicyDuration::seconds(5),
            commits: Count::of(1000),
            push_size: Size::megabytes(200),
        }
    }
}

/// A count, between 1 and 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Count(u32);

/// Why a number is not a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("got {0}, wanted a number between 1 and 100000")]
pub struct CountError(i64);

impl Count {
    /// Makes a count, clamped to its range.
    pub(super) const fn of(number: u32) -> Self {
        match number {
            0 => Self(1),
            1..=100_000 => Self(number),
            _ => Self(100_000),
        }
    }

    /// Returns the number.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl TryFrom<i64> for Count {
    type Error = CountError;

    fn try_from(number: i64) -> Result<Self, CountError> {
        match u32::try_from(number) {
            Ok(count @ 1..=100_000) => Ok(Self(count)),
            _ => Err(CountError(number)),
        }
    }
}

impl From<Count> for i64 {
    fn from(count: Count) -> Self {
        Self::from(count.0)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 100_000 })
    }
}
