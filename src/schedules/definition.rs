//! The stored definition of a schedule: a table of the policy, as JSON.

use jiff::Timestamp;

use crate::policy::{Schedule, ScheduleError};
use crate::store::{NewSchedule, ScheduleRow, ScheduleSource};

/// Why a stored schedule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Its definition cannot be read: another version wrote it, or it was edited by hand.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It contradicts itself.
    #[error(transparent)]
    Wrong(#[from] ScheduleError),
    /// Its expression has no further time.
    #[error("`{0}` has no further time")]
    NoTime(String),
}

/// Reads the definition of a schedule.
pub(super) fn read(row: &ScheduleRow) -> Result<Schedule, DefinitionError> {
    let schedule: Schedule = serde_json::from_str(&row.definition)?;
    schedule.work()?;
    Ok(schedule)
}

/// Returns when a schedule runs next after a time.
pub(super) fn next_after(
    schedule: &Schedule,
    after: Timestamp,
) -> Result<Timestamp, DefinitionError> {
    let next = schedule.cron.next_after(&schedule.timezone, after);
    next.ok_or_else(|| DefinitionError::NoTime(schedule.cron.to_string()))
}

/// Makes the stored form of a schedule, with its next time after `now`.
pub(super) fn keep(
    schedule: &Schedule,
    source: ScheduleSource,
    now: Timestamp,
) -> Result<NewSchedule, DefinitionError> {
    schedule.work()?;
    Ok(NewSchedule {
        name: schedule.name.clone(),
        source,
        tags: schedule.tags.clone(),
        definition: serde_json::to_string(schedule)?,
        next_run_at: Some(next_after(schedule, now)?),
        enabled: schedule.enabled,
    })
}
