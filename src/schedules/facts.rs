//! The facts that a prompt's template can use.

use serde::Serialize;
use serde_json::Value;

use crate::secrets::KnownSecrets;
use crate::store::{ScheduleFiring, ScheduleRow};

/// The facts that a prompt's template can use, without secrets.
#[derive(Debug, Serialize)]
pub(super) struct PromptFacts {
    /// The facts of the event that set it due; `None` when its time or a command did.
    event: Option<Value>,
    /// The schedule.
    schedule: ScheduleFacts,
}

#[derive(Debug, Serialize)]
struct ScheduleFacts {
    name: String,
    /// When it was to run.
    due_at: String,
    /// `time`, `event` or `command`.
    cause: &'static str,
}

impl PromptFacts {
    /// Gathers the facts of a firing.
    pub(super) fn of(firing: &ScheduleFiring, row: &ScheduleRow, known: &KnownSecrets) -> Self {
        let event = firing.event.as_deref();
        let mut event: Option<Value> = event.and_then(|text| serde_json::from_str(text).ok());
        if let Some(event) = &mut event {
            known.hide_json(event);
        }
        Self {
            event,
            schedule: ScheduleFacts {
                name: row.name.clone(),
                due_at: firing.due_at.to_string(),
                cause: firing.cause.as_str(),
            },
        }
    }
}
