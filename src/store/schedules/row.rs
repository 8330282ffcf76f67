//! A schedule and its row.

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::super::timestamp;

/// Who made a schedule, and so who removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleSource {
    /// `sendoff schedule add`, or an import.
    Command,
    /// `[[schedules]]` in a policy.
    Policy,
}

/// The result of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleStatus {
    /// It did its work.
    Ok,
    /// It did not.
    Error,
    /// It was left out, because the schedule or the workspace was busy.
    Skipped,
    /// It answered, but several answers in a row were empty.
    Stale,
}

/// Why a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FiringCause {
    /// Its time came.
    Time,
    /// An event set it due.
    Event,
    /// A command fired it.
    Command,
}

/// A schedule to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSchedule {
    /// Its name, which no other has.
    pub name: String,
    /// Who made it.
    pub source: ScheduleSource,
    /// What events find it by, besides its name.
    pub tags: Vec<String>,
    /// When it runs and what it does, as JSON. The store does not read it.
    pub definition: String,
    /// When it runs first; never where there is no such time.
    pub next_run_at: Option<Timestamp>,
    /// Whether it runs at all.
    pub enabled: bool,
}

/// A stored schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// The row.
    pub id: i64,
    /// Its permanent id; the messages of its firings are named after it.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub source: ScheduleSource,
    /// What events find it by, besides its name.
    pub tags: Vec<String>,
    /// When it runs and what it does, as JSON.
    pub definition: String,
    /// Whether it runs at all.
    pub enabled: bool,
    /// When it runs next.
    pub next_run_at: Option<Timestamp>,
    /// Why it runs then.
    pub cause: FiringCause,
    /// What the event told that set it due, as JSON.
    pub event: Option<String>,
    /// Why it cannot run: its definition is not valid any more.
    pub problem: Option<String>,
    /// How often it was claimed.
    pub firings: i64,
    /// When it fired last.
    pub last_run_at: Option<Timestamp>,
    /// What became of that.
    pub last_status: Option<ScheduleStatus>,
    /// Why, where it was not done.
    pub last_error: Option<String>,
    /// How often it ran; what was skipped does not count.
    pub run_count: u64,
    /// How many of the last answers in a row were empty.
    pub empty_runs: u64,
}

/// A schedule in a list, of this store or of the platform's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduleLine {
    /// Its name; several workspaces of a platform may have one of it.
    pub name: String,
    /// When it runs: its expression.
    pub cron: Option<String>,
    /// The time zone of the expression.
    pub timezone: Option<String>,
    /// Whether it runs at all.
    pub enabled: bool,
    /// When it runs next.
    pub next_run_at: Option<Timestamp>,
    /// When it fired last.
    pub last_run_at: Option<Timestamp>,
    /// What became of that: `ok`, `error`, `skipped` or `stale`, or the platform's word.
    pub last_status: Option<String>,
    /// Why, where it was not done.
    pub last_error: Option<String>,
    /// How often it ran; what was skipped does not count.
    pub run_count: u64,
}

/// How many columns [`schedule`] reads.
pub(super) const COUNT: usize = 17;

/// What [`schedule`] reads.
pub(super) const COLUMNS: &str = "id, uid, name, source, tags, definition, enabled, next_run_at, cause, event, problem, \
                                  firings, last_run_at, last_status, last_error, run_count, empty_runs";

impl ScheduleSource {
    /// Returns the word that stands in the store and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Policy => "policy",
        }
    }
}

impl ScheduleStatus {
    /// Returns the word that stands in the store and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
        }
    }

    /// Reads the word; `None` where it is none.
    pub fn of(word: &str) -> Option<Self> {
        let all = [Self::Ok, Self::Error, Self::Skipped, Self::Stale];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

impl FiringCause {
    /// Returns the word that stands in the store and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Event => "event",
            Self::Command => "command",
        }
    }

    /// Reads the word. Any other one counts as the clock's.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "event" => Self::Event,
            "command" => Self::Command,
            _ => Self::Time,
        }
    }
}

pub(super) fn schedule(row: &Row<'_>) -> rusqlite::Result<ScheduleRow> {
    let source: String = row.get(3)?;
    let tags: String = row.get(4)?;
    let cause: String = row.get(8)?;
    let status: Option<String> = row.get(13)?;
    let at = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(timestamp))
    };
    Ok(ScheduleRow {
        id: row.get(0)?,
        uid: row.get(1)?,
        name: row.get(2)?,
        source: if source == "policy" {
            ScheduleSource::Policy
        } else {
            ScheduleSource::Command
        },
        // A list of tags that is not valid counts as empty.
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        definition: row.get(5)?,
        enabled: row.get(6)?,
        next_run_at: at(7)?,
        cause: FiringCause::of(&cause),
        event: row.get(9)?,
        problem: row.get(10)?,
        firings: row.get(11)?,
        last_run_at: at(12)?,
        last_status: status.as_deref().and_then(ScheduleStatus::of),
        last_error: row.get(14)?,
        run_count: row.get(15)?,
        empty_runs: row.get(16)?,
    })
}
