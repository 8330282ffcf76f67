//! A firing that a person asks for, in the foreground.

use crate::clock::Clock;
use crate::session::Service;
use crate::store::{Claim, LazyStore, ScheduleStatus, ScheduleStore};

use super::carry::{Carried, carry, lease};
use super::definition;
use super::edit::{EditError, find};

/// What became of a firing in the foreground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Names the firing.
    pub message_id: String,
    /// What became of it; nothing where it could not be noted.
    pub status: Option<ScheduleStatus>,
    /// What it did, or why it did not.
    pub detail: Option<String>,
}

/// Fires a schedule now, enabled or not, and waits for it. Its next time stays.
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
        // Another process may have begun one since it was read.
        let Some(firing) = schedules.begin(&row, &claim)? else {
            continue;
        };
        let carried = carry(service, store, &firing, &row).await;
        let (status, detail) = match carried {
            Carried::Ended { status, detail } => (Some(status), detail),
            Carried::PutOff { .. } | Carried::NotNoted => (None, None),
        };
        return Ok(Fired {
            message_id: firing.message_id,
            status,
            detail,
        });
    }
}
