//! What waits for a branch, and when its time comes.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::pipeline::wait_until;
use crate::store::{Intent, Slot, Store, StoreError};

/// Returns how long it is until a time.
pub(super) fn until(at: Timestamp) -> Duration {
    wait_until(Clock::System.now(), at)
}

/// Returns what waits for a slot and for this worker's platform: this process has no variables for another one.
pub(super) fn waiting_for(
    store: &Store,
    slot: &Slot,
    platform: &str,
) -> Result<Vec<Intent>, StoreError> {
    let mut waiting = store.waiting_intents(slot)?;
    waiting.retain(|intent| intent.asked.platform.is_empty() || intent.asked.platform == platform);
    Ok(waiting)
}

/// Returns what waits for a slot and is due. Triggers without a task are merged, so all of them are due when one is.
pub(super) fn due_for(
    store: &Store,
    slot: &Slot,
    platform: &str,
) -> Result<Vec<Intent>, StoreError> {
    let mut waiting = waiting_for(store, slot, platform)?;
    let is_due = |intent: &Intent| until(intent.not_before).is_zero();
    let is_trigger = |intent: &Intent| intent.asked.task.is_none();
    let merge = waiting
        .iter()
        .any(|intent| is_trigger(intent) && is_due(intent));
    waiting.retain(|intent| is_due(intent) || (merge && is_trigger(intent)));
    Ok(waiting)
}
