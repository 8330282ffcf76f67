//! Copies the policy's schedules into the store.

use crate::clock::Clock;
use crate::policy::Schedule;
use crate::session::Service;
use crate::store::{ScheduleRow, ScheduleSource, ScheduleStore, StoreError};

use super::definition::{self, keep};

/// A schedule of the policy that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A command added one of the same name.
    #[error(
        "the schedule `{0}` of the policy is left out: `sendoff schedule add` made one of this name"
    )]
    Taken(String),
    /// Its definition is invalid.
    #[error("the schedule `{name}` of the policy is left out: {said}")]
    Wrong {
        /// Its name.
        name: String,
        /// Why.
        said: String,
    },
}

impl Conflict {
    /// Returns what to do, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::Taken(name) => {
                format!("remove it with `sendoff schedule remove \"{name}\"`, or rename the other")
            }
            Self::Wrong { .. } => "correct it in the policy".into(),
        }
    }
}

/// Copies the policy's schedules into the store: adds new ones, updates changed ones, and removes those that the policy no
/// longer has. Unchanged ones keep their times, their history and whether they are enabled. Returns those left out.
///
/// Changes nothing when the policy is invalid.
pub fn sync(service: &Service, store: &dyn ScheduleStore) -> Result<Vec<Conflict>, StoreError> {
    if service.fails_closed() || service.fires_elsewhere() {
        return Ok(Vec::new());
    }
    let wanted = service.policy().schedules();
    let mut conflicts = Vec::new();
    for schedule in wanted {
        conflicts.extend(take_in(schedule, store)?);
    }
    for row in store.all()? {
        let is_wanted = wanted.iter().any(|schedule| schedule.name == row.name);
        if row.source == ScheduleSource::Policy && !is_wanted {
            store.remove(row.id)?;
        }
    }
    Ok(conflicts)
}

fn take_in(schedule: &Schedule, store: &dyn ScheduleStore) -> Result<Option<Conflict>, StoreError> {
    let found = store.find(&schedule.name)?;
    if let Some(row) = &found
        && row.source == ScheduleSource::Command
    {
        return Ok(Some(Conflict::Taken(schedule.name.clone())));
    }
    let new = match keep(schedule, ScheduleSource::Policy, Clock::System.now()) {
        Ok(new) => new,
        Err(error) => {
            return Ok(Some(Conflict::Wrong {
                name: schedule.name.clone(),
                said: error.to_string(),
            }));
        }
    };
    match found {
        None => store.add(&new).map(drop)?,
        Some(row) if row.definition == new.definition => {}
        Some(row) => {
            let next_run_at = if keeps_time(&row, schedule) {
                row.next_run_at
            } else {
                new.next_run_at
            };
            store.change(row.id, &crate::store::NewSchedule { next_run_at, ..new })?;
        }
    }
    Ok(None)
}

/// Says whether a change keeps the times.
fn keeps_time(row: &ScheduleRow, schedule: &Schedule) -> bool {
    definition::read(row).is_ok_and(|old| {
        old.cron == schedule.cron && old.timezone == schedule.timezone && row.next_run_at.is_some()
    })
}
