//! Schedules: work that runs at times, or when an event sets it due.

mod claim;
mod due;
mod firing;
mod implementation;
mod kept;
mod row;
mod settle;

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::names::NamePattern;

use super::StoreError;

pub use claim::Due;
pub use firing::{Answer, Claim, FiringEnd, FiringRow, ScheduleFiring, Wait, WaitsFor};
pub use row::{
    FiringCause, NewSchedule, ScheduleLine, ScheduleRow, ScheduleSource, ScheduleStatus,
};

/// The schedules that an event can set due: those of this store, or of the platform's table.
///
/// Each call waits for the database. In async code, make it on a thread of its own (`threads::on_own_thread`).
pub trait SetsDue: fmt::Debug + Send + Sync {
    /// Sets due at `now` what is enabled, has a next time, and whose name or one of whose tags one of `fire` matches. Returns
    /// the names, sorted. A schedule that is due already stays one firing.
    ///
    /// `event` is kept for that firing's template, and replaces what an earlier event left there. It must not contain secrets.
    fn set_due(
        &self,
        fire: &[NamePattern],
        event: Option<&Value>,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError>;

    /// Returns the names that [`set_due`](Self::set_due) would set due. Changes nothing.
    fn matching(&self, fire: &[NamePattern]) -> Result<Vec<String>, StoreError>;
}

/// A database of schedules, shared by all processes that fire them.
///
/// A process has a unique name, its `holder`. Its claims hold until a time that it renews; when a process has died,
/// another one takes over its firings after that time, with the same message ids.
pub trait ScheduleStore: SetsDue {
    /// Keeps a new schedule. Says whether it did: its name may be taken.
    fn add(&self, new: &NewSchedule) -> Result<bool, StoreError>;

    /// Keeps new schedules: all of them, or none where the store fails. Says of each whether it is kept: its name may
    /// be taken.
    fn add_all(&self, new: &[NewSchedule]) -> Result<Vec<bool>, StoreError>;

    /// Replaces the definition of a schedule, and removes the note on its problem. Its name and its maker stay.
    fn change(&self, id: i64, new: &NewSchedule) -> Result<(), StoreError>;

    /// Lets a schedule run, or not, and says when it runs next.
    fn switch(&self, id: i64, to: Switch, next_run_at: Option<Timestamp>)
    -> Result<(), StoreError>;

    /// Removes a schedule and its history.
    fn remove(&self, id: i64) -> Result<(), StoreError>;

    /// Notes why a schedule cannot run until it is changed. Its next time stays.
    fn note_problem(&self, id: i64, problem: &str) -> Result<(), StoreError>;

    /// Returns a schedule by its name.
    fn find(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError>;

    /// Returns a schedule by its row.
    fn get(&self, id: i64) -> Result<Option<ScheduleRow>, StoreError>;

    /// Returns all schedules, by name.
    fn all(&self) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Returns what is due, the oldest first, at most `limit`.
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// Returns when the next one is due.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Claims a schedule that is due, unless another process did since it was read.
    fn claim(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError>;

    /// Begins a firing that a person asks for, unless another one was begun since the schedule was read. The next
    /// time of the schedule stays.
    fn begin(
        &self,
        of: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError>;

    /// Takes over at most `limit` firings that were given back, or whose claim was not renewed.
    fn take_up(&self, claim: &Claim<'_>, limit: usize) -> Result<Vec<ScheduleFiring>, StoreError>;

    /// Renews the claim of firings, by their rows, until a time.
    fn renew(&self, firings: &[i64], until: Timestamp) -> Result<(), StoreError>;

    /// Gives a firing back until a time, when any process can take it over, and records why.
    fn put_off(&self, firing: &ScheduleFiring, wait: &Wait) -> Result<(), StoreError>;

    /// Notes what became of a firing, unless that was noted before. Returns the status that stands now.
    fn end(
        &self,
        firing: &ScheduleFiring,
        end: &FiringEnd,
    ) -> Result<Option<ScheduleStatus>, StoreError>;

    /// Claims a schedule that is due and notes at once that this firing is left out. Says whether it did.
    fn leave_out(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
        end: &FiringEnd,
    ) -> Result<bool, StoreError>;

    /// Returns the last firings of a schedule, the newest first.
    fn firings(&self, schedule: i64, limit: usize) -> Result<Vec<FiringRow>, StoreError>;
}

/// Whether a schedule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It does.
    On,
    /// It does not.
    Off,
}
