//! One tick: claims abandoned firings and schedules that are due, and records those that are left out.

use jiff::Timestamp;

use crate::policy::{OnBusy, Schedule};
use crate::store::{
    Answer, Claim, Due, FiringCause, FiringEnd, ScheduleFiring, ScheduleRow, ScheduleStatus,
    ScheduleStore, StoreError,
};

use super::definition;
use super::execute::lease;

/// The most due schedules that are read at a time.
const MAX_BATCH: usize = 200;

/// The process that claims firings.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// The name of the process in the store.
    pub holder: String,
    /// The number of firings that it can begin now.
    pub slots: usize,
    /// Since when it ticks without a gap. A schedule that was due before was missed.
    pub awake_since: Timestamp,
}

/// The result of a tick.
#[derive(Debug, Default)]
pub struct Ticked {
    /// The claimed firings, which are to be executed.
    pub begun: Vec<(ScheduleFiring, ScheduleRow)>,
    /// When the next schedule is due.
    pub next_due: Option<Timestamp>,
}

/// Claims due firings, up to the number of slots.
pub fn tick(
    store: &dyn ScheduleStore,
    claimant: &Claimant,
    now: Timestamp,
) -> Result<Ticked, StoreError> {
    let mut ticked = Ticked::default();
    if claimant.slots > 0 {
        for firing in store.take_up(&claim(claimant, now, None), claimant.slots)? {
            // The schedule can have been removed since.
            if let Some(row) = store.get(firing.schedule)? {
                ticked.begun.push((firing, row));
            }
        }
    }
    loop {
        let due = store.due(now, MAX_BATCH)?;
        let is_all = due.len() < MAX_BATCH;
        let mut has_changed = false;
        for due in due {
            match due_action(&due, claimant, now) {
                DueAction::Waits => {}
                DueAction::Wrong(problem) => {
                    store.note_problem(due.schedule.id, &problem)?;
                    tracing::warn!(name = due.schedule.name, problem, "a schedule cannot run");
                    has_changed = true;
                }
                DueAction::LeftOut(next, why) => {
                    let end = left_out(why, now);
                    has_changed |=
                        store.leave_out(&due.schedule, &claim(claimant, now, Some(next)), &end)?;
                }
                DueAction::Runs(next) => {
                    if ticked.begun.len() >= claimant.slots {
                        return Ok(ticked);
                    }
                    if let Some(firing) =
                        store.claim(&due.schedule, &claim(claimant, now, Some(next)))?
                    {
                        ticked.begun.push((firing, due.schedule));
                    }
                    has_changed = true;
                }
            }
        }
        if is_all || !has_changed {
            break;
        }
    }
    ticked.next_due = store.next_due()?;
    Ok(ticked)
}

/// What to do with a due schedule.
enum DueAction {
    /// It runs, and next at this time.
    Runs(Timestamp),
    /// This firing is left out, for this reason.
    LeftOut(Timestamp, &'static str),
    /// It stays due until its last firing has ended.
    Waits,
    /// Its definition is invalid.
    Wrong(String),
}

fn due_action(due: &Due, claimant: &Claimant, now: Timestamp) -> DueAction {
    let read = definition::read(&due.schedule);
    let read = read.and_then(|schedule| {
        let next = definition::next_after(&schedule, now)?;
        Ok((schedule, next))
    });
    let (schedule, next) = match read {
        Ok(read) => read,
        Err(error) => return DueAction::Wrong(error.to_string()),
    };
    if was_missed(due, &schedule, claimant) {
        return DueAction::LeftOut(next, "it was missed, and `catch-up` is false");
    }
    match (due.is_busy, schedule.on_busy) {
        (false, _) => DueAction::Runs(next),
        (true, OnBusy::Queue) => DueAction::Waits,
        // The agent has not received the last event yet, so this one must not be dropped.
        (true, OnBusy::Skip) if due.is_retrying && due.schedule.cause == FiringCause::Event => {
            DueAction::Waits
        }
        (true, OnBusy::Skip) => DueAction::LeftOut(next, "its last firing has not ended"),
    }
}

fn was_missed(due: &Due, schedule: &Schedule, claimant: &Claimant) -> bool {
    let was_before = due
        .schedule
        .next_run_at
        .is_some_and(|at| at < claimant.awake_since);
    !schedule.catch_up && due.schedule.cause == FiringCause::Time && was_before
}

fn claim(claimant: &Claimant, now: Timestamp, next_run_at: Option<Timestamp>) -> Claim<'_> {
    Claim {
        holder: &claimant.holder,
        now,
        held_until: lease(now),
        next_run_at,
    }
}

fn left_out(why: &str, now: Timestamp) -> FiringEnd {
    FiringEnd {
        status: ScheduleStatus::Skipped,
        detail: Some(why.to_owned()),
        answer: Answer::None,
        at: now,
    }
}
