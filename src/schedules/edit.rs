//! The changes that commands make: adding, removing, enabling and disabling schedules.

use crate::clock::Clock;
use crate::policy::Schedule;
use crate::store::{ScheduleRow, ScheduleSource, ScheduleStore, StoreError, Switch};

use super::definition::{self, DefinitionError, keep};

/// Why a schedule is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is one of this name already.
    #[error("there is a schedule `{0}` already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no schedule `{0}`")]
    Unknown(String),
    /// It is defined in a policy.
    #[error("the schedule `{0}` is defined in a policy")]
    OfPolicy(String),
    /// Its definition is invalid.
    #[error("the schedule `{name}` cannot be used")]
    Definition {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: DefinitionError,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EditError {
    /// Returns what to do, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::Exists(name) => format!(
                "choose another name, or remove it first with `sendoff schedule remove \"{name}\"`"
            ),
            Self::Unknown(_) => "`sendoff schedule list` shows their names".into(),
            Self::OfPolicy(name) => format!(
                "take it out of `[[schedules]]` there, or switch it off with `sendoff schedule disable \"{name}\"`"
            ),
            Self::Definition { source, .. } => match source {
                DefinitionError::Wrong(error) => error.advice().into(),
                DefinitionError::Unreadable(_) | DefinitionError::NoTime(_) => {
                    "remove it and add it again".into()
                }
            },
            Self::Store(error) => error.advice(),
        }
    }
}

/// Adds a schedule.
pub fn add(store: &dyn ScheduleStore, schedule: &Schedule) -> Result<(), EditError> {
    let new = keep(schedule, ScheduleSource::Command, Clock::System.now());
    let new = new.map_err(|source| EditError::Definition {
        name: schedule.name.clone(),
        source,
    })?;
    if store.add(&new)? {
        Ok(())
    } else {
        Err(EditError::Exists(schedule.name.clone()))
    }
}

/// Removes a schedule and its history.
pub fn remove(store: &dyn ScheduleStore, name: &str) -> Result<(), EditError> {
    let row = find(store, name)?;
    if row.source == ScheduleSource::Policy {
        return Err(EditError::OfPolicy(name.to_owned()));
    }
    Ok(store.remove(row.id)?)
}

/// Enables or disables a schedule. One that is enabled runs next at its next time from now.
pub fn switch(store: &dyn ScheduleStore, name: &str, to: Switch) -> Result<(), EditError> {
    let row = find(store, name)?;
    if row.enabled == (to == Switch::On) {
        return Ok(());
    }
    let next = match to {
        Switch::Off => row.next_run_at,
        Switch::On => {
            let now = Clock::System.now();
            let next =
                definition::read(&row).and_then(|schedule| definition::next_after(&schedule, now));
            Some(next.map_err(|source| EditError::Definition {
                name: name.to_owned(),
                source,
            })?)
        }
    };
    Ok(store.switch(row.id, to, next)?)
}

/// Finds a schedule by its name.
pub(super) fn find(store: &dyn ScheduleStore, name: &str) -> Result<ScheduleRow, EditError> {
    let row = store.find(name)?;
    row.ok_or_else(|| EditError::Unknown(name.to_owned()))
}
