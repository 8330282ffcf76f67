//! Fires a schedule in the foreground, for a command.

use crate::clock::Clock;
use crate::session::Service;
use crate::store::{Claim, LazyStore, ScheduleStatus, ScheduleStore};

use super::definition;
use super::edit::{EditError, find};
use super::execute::{Executed, execute, lease};

/// The result of a firing in the foreground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The id of the firing.
    pub message_id: String,
    /// The result; `None` where it could not be recorded.
    pub status: Option<ScheduleStatus>,
    /// What it did, or why it did not.
    pub detail: Option<String>,
}

/// Fires a schedule now, enabled or not, and waits for the result. Its next time is unchanged.
pub async fn fire_now(
    service: &Service,
    store: &LazyStore,
    schedules: &dyn ScheduleStore,
    name: &str,
) -> Result<Fired, EditError> {
    loop {
        let row = find(schedules, name)?;
        definition::read(&row).map_err(|source| EditError::Definition {
            name: name.to_owned(),
            source,
        })?;
        let now = Clock::System.now();
        let claim = Claim {
            holder: "command",
            now,
            held_until: lease(now),
            next_run_at: row.next_run_at,
        };
        // Another process can have begun a firing since the row was read.
        let Some(firing) = schedules.begin(&row, &claim)? else {
            continue;
        };
        let carried = execute(service, store, &firing, &row).await;
        let (status, detail) = match carried {
            Executed::Ended { status, detail } => (Some(status), detail),
            Executed::Postponed { .. } | Executed::NotRecorded => (None, None),
        };
        return Ok(Fired {
            message_id: firing.message_id,
            status,
            detail,
        });
    }
}
