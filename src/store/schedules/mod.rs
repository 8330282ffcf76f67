//! Schedules: what runs again and again, when its time comes or when an event asks for it.

mod due;
mod kept;
mod row;

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::names::NamePattern;

use super::{Store, StoreError};

pub use row::{FiringCause, NewSchedule, ScheduleRow, ScheduleSource, ScheduleStatus};

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
pub trait ScheduleStore: SetsDue {
    /// Keeps a new schedule. Says whether it did: there may be one of its name.
    fn add(&self, new: &NewSchedule) -> Result<bool, StoreError>;

    /// Returns a schedule by its name.
    fn find(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError>;

    /// Returns all schedules, by name.
    fn all(&self) -> Result<Vec<ScheduleRow>, StoreError>;
}

impl ScheduleStore for Store {
    fn add(&self, new: &NewSchedule) -> Result<bool, StoreError> {
        self.insert_schedule(new)
    }

    fn find(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        self.find_schedule(name)
    }

    fn all(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        self.all_schedules()
    }
}
