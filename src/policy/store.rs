//! `[store]`: how much is kept from one run to the next, and for how long. Never from a repository.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::database_url::DatabaseUrl;
use super::limits::Count;
use super::size::Size;

/// What the state directory keeps: the history of runs, and what waits to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Store {
    /// The runs in the history; older ones are forgotten.
    pub runs: Count,
    /// The days that a run stays in the history.
    pub run_days: Count,
    /// The messages that may wait for the platform. When there are as many, heartbeats are dropped first; then no more are taken.
    pub messages: Count,
    /// The size of all messages that wait, likewise.
    pub size: Size,
    /// The days that a message, and what a hook handed over, is tried. Then it is given up, and `sendoff status` shows it.
    pub days: Count,
    /// The platform's database with its table `workspace_schedules`, such as `postgres://sendoff:PASSWORD@db.example/platform`. Events then set due what is in that table, and the platform fires it; the own schedules rest. `?sslmode=` and `?sslrootcert=` behind it are psql's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_schedules: Option<DatabaseUrl>,
}

crate::classes!(Store {
    runs: D,
    run_days: D,
    messages: D,
    size: D,
    days: D,
    platform_schedules: D,
});

impl Default for Store {
    fn default() -> Self {
        Self {
            runs: Count::of(1000),
            run_days: Count::of(90),
            messages: Count::of(10_000),
            size: Size::megabytes(64),
            days: Count::of(30),
            platform_schedules: None,
        }
    }
}
