//! One tick: firings that were let go, and what is due, are claimed; what is left out is noted.

use jiff::Timestamp;

use crate::policy::{OnBusy, Schedule};
use crate::store::{
    Answer, Claim, Due, FiringCause, FiringEnd, ScheduleFiring, ScheduleRow, ScheduleStatus,
    ScheduleStore, StoreError,
};

use super::carry::lease;
use super::definition;

/// How much of what is due is looked at at once.
const BATCH: usize = 200;

/// What a process is, and how much it takes on.
#[derive(Debug, Clone)]
pub struct Taker {
    /// The word that names the process.
    pub holder: String,
    /// How many firings it can begin now.
    pub slots: usize,
    /// Since when it looks without a pause: what was due before was missed.
    pub awake_since: Timestamp,
}

/// What a tick brought.
#[derive(Debug, Default)]
pub struct Ticked {
    /// What is to be carried out.
    pub begun: Vec<(ScheduleFiring, ScheduleRow)>,
    /// When something is due that is not now.
    pub next_due: Option<Timestamp>,
}

/// Claims what is due, as far as there are slots.
pub fn tick(
    store: &dyn ScheduleStore,
    taker: &Taker,
    now: Timestamp,
) -> Result<Ticked, StoreError> {
    let mut ticked = Ticked::default();
    if taker.slots > 0 {
        for firing in store.take_up(&claim(taker, now, None), taker.slots)? {
            // Whoever removed the schedule removed its firings; this one was quicker.
            if let Some(row) = store.get(firing.schedule)? {
                ticked.begun.push((firing, row));
            }
        }
    }
    loop {
        let due = store.due(now, BATCH)?;
        let is_all = due.len() < BATCH;
        let mut has_changed = false;
        for due in due {
            match judge(&due, taker, now) {
                Judgement::Waits => {}
                Judgement::Wrong(problem) => {
                    store.note_problem(due.schedule.id, &problem)?;
                    tracing::warn!(name = due.schedule.name, problem, "a schedule cannot run");
                    has_changed = true;
                }
                Judgement::LeftOut(next, why) => {
                    let end = left_out(why, now);
                    has_changed |=
                        store.leave_out(&due.schedule, &claim(taker, now, Some(next)), &end)?;
                }
                Judgement::Runs(next) => {
                    if ticked.begun.len() >= taker.slots {
                        return Ok(ticked);
                    }
                    if let Some(firing) =
                        store.claim(&due.schedule, &claim(taker, now, Some(next)))?
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

/// What becomes of something that is due.
enum Judgement {
    /// It runs, and next at this time.
    Runs(Timestamp),
    /// This firing is left out, for this reason.
    LeftOut(Timestamp, &'static str),
    /// It is due until its last firing has ended.
    Waits,
    /// What it says cannot be used any more.
    Wrong(String),
}

fn judge(due: &Due, taker: &Taker, now: Timestamp) -> Judgement {
    let read = definition::read(&due.schedule);
    let read = read.and_then(|schedule| {
        let next = definition::next_after(&schedule, now)?;
        Ok((schedule, next))
    });
    let (schedule, next) = match read {
        Ok(read) => read,
        Err(error) => return Judgement::Wrong(error.to_string()),
    };
    if was_missed(due, &schedule, taker) {
        return Judgement::LeftOut(next, "it was missed, and `catch-up` is false");
    }
    match (due.is_busy, schedule.on_busy) {
        (false, _) => Judgement::Runs(next),
        (true, OnBusy::Queue) => Judgement::Waits,
        // The agent has heard nothing of the last event yet; this one is not about less.
        (true, OnBusy::Skip) if due.is_retrying && due.schedule.cause == FiringCause::Event => {
            Judgement::Waits
        }
        (true, OnBusy::Skip) => Judgement::LeftOut(next, "its last firing has not ended"),
    }
}

fn was_missed(due: &Due, schedule: &Schedule, taker: &Taker) -> bool {
    let was_before = due
        .schedule
        .next_run_at
        .is_some_and(|at| at < taker.awake_since);
    !schedule.catch_up && due.schedule.cause == FiringCause::Time && was_before
}

fn claim(taker: &Taker, now: Timestamp, next_run_at: Option<Timestamp>) -> Claim<'_> {
    Claim {
        holder: &taker.holder,
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
