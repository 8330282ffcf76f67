//! The waiting work of a branch, and when it is due.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::pipeline::wait_until;
use crate::store::{Intent, Slot, Store, StoreError};

/// Returns how long it is until a time.
pub(super) fn until(at: Timestamp) -> Duration {
    wait_until(Clock::System.now(), at)
}

/// How often a task is tried before later ones of its branch may go out before it: for the first four minutes or so. One that
/// nothing can take, such as a memory larger than the outbox, does not hold the others for ever.
const TRIES_IN_ORDER: u32 = 8;

/// Says whether the later tasks of its branch wait for this one, which has not gone out in so many tries. What a run put off
/// to a time of its own is no longer part of the order.
pub(super) const fn holds_later_tasks(intent: &Intent, tries: u32) -> bool {
    is_task(intent) && tries > 0 && tries < TRIES_IN_ORDER
}

const fn is_task(intent: &Intent) -> bool {
    intent.asked.task.is_some() && intent.asked.steps.is_empty()
}

/// Lets each task wait as long as the ones before it.
fn keep_order(waiting: &mut [Intent]) {
    let mut held_until: Option<Timestamp> = None;
    for intent in waiting.iter_mut().filter(|intent| is_task(intent)) {
        if let Some(until) = held_until {
            intent.not_before = intent.not_before.max(until);
        }
        if holds_later_tasks(intent, intent.attempts) {
            held_until = Some(intent.not_before);
        }
    }
}

/// Returns what waits for a slot and for this worker's platform: this process has no variables for another one.
pub(super) fn waiting_for(
    store: &Store,
    slot: &Slot,
    platform: &str,
) -> Result<Vec<Intent>, StoreError> {
    let mut waiting = store.waiting_intents(slot)?;
    waiting.retain(|intent| intent.asked.platform.is_empty() || intent.asked.platform == platform);
    keep_order(&mut waiting);
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

#[cfg(test)]
mod tests {
    use crate::store::{IntentState, NewIntent};

    use super::*;

    fn intent(task: Option<&str>, attempts: u32, not_before: i64) -> Intent {
        Intent {
            id: 1,
            asked: NewIntent::of_test("r", task),
            created_at: Timestamp::UNIX_EPOCH,
            attempts,
            not_before: Timestamp::from_second(not_before).unwrap(),
            reason: None,
            state: IntentState::Waiting,
        }
    }

    fn times(mut waiting: Vec<Intent>) -> Vec<i64> {
        keep_order(&mut waiting);
        waiting.iter().map(|it| it.not_before.as_second()).collect()
    }

    #[test]
    fn a_task_waits_for_the_ones_before_it_and_a_trigger_does_not() {
        let task = Some("{}");
        let waiting = vec![
            intent(task, 0, 9),
            intent(task, 2, 20),
            intent(None, 0, 0),
            intent(task, 0, 0),
            intent(task, 1, 30),
            intent(task, 0, 25),
        ];
        assert_eq!(times(waiting), [9, 20, 0, 20, 30, 30]);
    }

    #[test]
    fn a_task_that_was_tried_often_or_put_off_holds_no_other() {
        let task = Some("{}");
        let mut deferred = intent(task, 3, 60);
        deferred.asked.steps = vec!["pr-create".into()];
        let tried = intent(task, TRIES_IN_ORDER, 50);
        assert_eq!(
            times(vec![tried, deferred, intent(task, 0, 0)]),
            [50, 60, 0]
        );
    }
}
