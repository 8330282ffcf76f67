//! A firing: one execution of a schedule, and its result.

use jiff::Timestamp;
use rusqlite::Row;
use sha2::{Digest, Sha256};

use super::super::timestamp;
use super::row::{FiringCause, ScheduleRow, ScheduleStatus};

/// A firing, claimed by a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleFiring {
    /// The row.
    pub id: i64,
    /// Its id, which stays the same when another process executes it again.
    pub message_id: String,
    /// The row of its schedule.
    pub schedule: i64,
    /// When it was to run.
    pub due_at: Timestamp,
    /// Why it runs.
    pub cause: FiringCause,
    /// The facts of the event that set it due, as JSON.
    pub event: Option<String>,
    /// How many processes have begun it.
    pub attempts: u32,
    /// How often it failed transiently and was postponed.
    pub retries: u32,
}

/// How long a firing waits, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// When any process takes it up.
    pub until: Timestamp,
    /// For what.
    pub for_what: WaitsFor,
    /// What happened, in one line.
    pub detail: Option<String>,
}

/// What a firing waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// The end of the other work of the workspace.
    Busy,
    /// A retry, because it failed transiently.
    Retry,
}

/// A firing in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringRow {
    /// The firing.
    pub firing: ScheduleFiring,
    /// When it began first.
    pub started_at: Timestamp,
    /// When it ended; not yet where there is no time.
    pub ended_at: Option<Timestamp>,
    /// What became of it.
    pub status: Option<ScheduleStatus>,
    /// What it did, or why it did not.
    pub detail: Option<String>,
}

/// The values that a claim sets.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The process that claims.
    pub holder: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Until when the firing is this process's, unless it is renewed.
    pub held_until: Timestamp,
    /// When the schedule runs next.
    pub next_run_at: Option<Timestamp>,
}

/// How a firing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringEnd {
    /// What became of it. Only the store sets [`ScheduleStatus::Stale`].
    pub status: ScheduleStatus,
    /// What it did, or why it did not.
    pub detail: Option<String>,
    /// What it was answered.
    pub answer: Answer,
    /// When.
    pub at: Timestamp,
}

/// The kind of answer to a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Something.
    Text,
    /// Nothing, which makes a schedule stale when it happens again and again.
    Empty,
    /// It has no answer, or did not get that far.
    None,
}

/// What [`firing`] reads.
pub(super) const COLUMNS: &str =
    "id, message_id, schedule, due_at, cause, event, attempts, retries";

pub(super) fn firing(row: &Row<'_>) -> rusqlite::Result<ScheduleFiring> {
    let cause: String = row.get(4)?;
    Ok(ScheduleFiring {
        id: row.get(0)?,
        message_id: row.get(1)?,
        schedule: row.get(2)?,
        due_at: timestamp(row.get(3)?),
        cause: FiringCause::of(&cause),
        event: row.get(5)?,
        attempts: row.get(6)?,
        retries: row.get(7)?,
    })
}

/// Returns the id of the next firing: a UUID made of the schedule's own id and of how often it was claimed. A claim
/// that a power cut undid is made again with the same id.
pub(super) fn message_id(schedule: &ScheduleRow) -> String {
    let mut hasher = Sha256::new();
    hasher.update(schedule.uid.as_bytes());
    hasher.update([0]);
    hasher.update((schedule.firings + 1).to_be_bytes());
    let digest = hasher.finalize();
    let mut bytes = [0; 16];
    for (byte, of) in bytes.iter_mut().zip(digest.iter()) {
        *byte = *of;
    }
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}
