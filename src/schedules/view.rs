//! Schedules and firings, as lists show them.

use jiff::Timestamp;
use serde::Serialize;

use crate::policy::Schedule;
use crate::session::Service;
use crate::store::{
    FiringCause, FiringRow, ScheduleLine, ScheduleRow, ScheduleSource, ScheduleStatus,
    ScheduleStore,
};

use super::definition;
use super::edit::{EditError, find};
use super::open::platform_table;

/// A schedule with all its properties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScheduleView {
    /// Its line in a list.
    #[serde(flatten)]
    pub line: ScheduleLine,
    /// Who made it.
    pub source: ScheduleSource,
    /// Why it cannot run; `None` where it can.
    pub problem: Option<String>,
    /// The number of consecutive empty answers, up to the last one.
    pub empty_runs: u64,
    /// Its definition; `None` where that cannot be read.
    pub definition: Option<Schedule>,
}

/// A firing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiringLine {
    /// Its id, which a retry keeps.
    #[serde(rename = "messageId")]
    pub message_id: String,
    /// When it was to run.
    pub due_at: Timestamp,
    /// Why it ran.
    pub cause: FiringCause,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs or waits.
    pub ended_at: Option<Timestamp>,
    /// The result: `ok`, `error`, `skipped` or `stale`.
    pub status: Option<ScheduleStatus>,
    /// What it did, or why it did not, or what it waits for.
    pub detail: Option<String>,
    /// The number of processes that have begun it.
    pub attempts: u32,
    /// How often it failed transiently and was postponed.
    pub retries: u32,
}

/// Returns all schedules, by name.
pub fn schedules(store: &dyn ScheduleStore) -> Result<Vec<ScheduleLine>, EditError> {
    Ok(store.all()?.iter().map(line).collect())
}

/// Returns the platform's schedules, by name, where the policy names the platform's table.
pub fn of_platform(service: &Service) -> Result<Option<Vec<ScheduleLine>>, EditError> {
    let Some(table) = platform_table(service)? else {
        return Ok(None);
    };
    Ok(Some(table.all()?))
}

/// Returns one schedule.
pub fn one(store: &dyn ScheduleStore, name: &str) -> Result<ScheduleView, EditError> {
    let row = find(store, name)?;
    Ok(ScheduleView {
        line: line(&row),
        source: row.source,
        problem: row.problem.clone(),
        empty_runs: row.empty_runs,
        definition: definition::read(&row).ok(),
    })
}

/// Returns the last firings of a schedule, the newest first.
pub fn firings(
    store: &dyn ScheduleStore,
    name: &str,
    limit: usize,
) -> Result<Vec<FiringLine>, EditError> {
    let row = find(store, name)?;
    let rows = store.firings(row.id, limit)?;
    Ok(rows.into_iter().map(firing_line).collect())
}

fn line(row: &ScheduleRow) -> ScheduleLine {
    let schedule = definition::read(row).ok();
    ScheduleLine {
        name: row.name.clone(),
        cron: schedule.as_ref().map(|schedule| schedule.cron.to_string()),
        timezone: schedule.map(|schedule| schedule.timezone.to_string()),
        enabled: row.enabled,
        next_run_at: row.next_run_at,
        last_run_at: row.last_run_at,
        last_status: row.last_status.map(|status| status.as_str().to_owned()),
        last_error: row.last_error.clone(),
        run_count: row.run_count,
    }
}

fn firing_line(row: FiringRow) -> FiringLine {
    FiringLine {
        message_id: row.firing.message_id,
        due_at: row.firing.due_at,
        cause: row.firing.cause,
        started_at: row.started_at,
        ended_at: row.ended_at,
        status: row.status,
        detail: row.detail,
        attempts: row.firing.attempts,
        retries: row.firing.retries,
    }
}
