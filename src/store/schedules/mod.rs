//! Schedules: what runs again and again, when its time comes or when an event asks for it.

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

/// Where an event finds the schedules that wait for it: the own store, or the platform's table.
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
/// A process is known by its `holder`, a word that no other has. What it claims is its own until a time that it renews; a
/// process that died has its firings taken up by another when that time has passed, with the same message id.
pub trait ScheduleStore: SetsDue {
    /// Keeps a new schedule. Says whether it did: there may be one of its name.
    fn add(&self, new: &NewSchedule) -> Result<bool, StoreError>;

    /// Keeps new schedules: all of them, or none where the store fails. Says of each whether it is kept: there may be one of its
    /// name.
    fn add_all(&self, new: &[NewSchedule]) -> Result<Vec<bool>, StoreError>;

    /// Changes what a schedule says, and forgets what was wrong with it. Its name and its maker stay.
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

    /// Begins a firing that a person asks for, unless another one was begun since the schedule was read. When the schedule runs
    /// next stays.
    fn begin(
        &self,
        of: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError>;

    /// Takes up at most `limit` firings that wait, or whose process has not renewed them.
    fn take_up(&self, claim: &Claim<'_>, limit: usize) -> Result<Vec<ScheduleFiring>, StoreError>;

    /// Keeps firings, by their rows, for their process until a time.
    fn renew(&self, firings: &[i64], until: Timestamp) -> Result<(), StoreError>;

    /// Lets a firing wait until a time, when any process takes it up, and notes why.
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
