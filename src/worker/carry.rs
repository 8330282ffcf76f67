//! Runs the waiting work of a slot: one run for each task, and one for all triggers without a task.

use crate::clock::Clock;
use crate::failpoint::{Point, reach};
use crate::pipeline::{TaskKept, try_again_at};
use crate::reason::Code;
use crate::report::Report;
use crate::session::{Ended, WAIT_FOR_POLICY, is_deferred};
use crate::store::{Intent, Store, StoreError};

use super::due::holds_later_tasks;
use super::job::Job;

/// Whether a worker continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoesOn {
    /// It does.
    Yes,
    /// It does not: a signal ended its run, and the rest waits for another worker.
    No,
}

/// Says whether a signal ended a run before it reported on all of its intents.
pub(super) fn was_interrupted(report: &Report) -> bool {
    let mut notes = report.notes.iter();
    notes.any(|note| matches!(note.code, Code::Sigterm | Code::Sighup | Code::Sigint))
}

/// Runs the waiting intents, oldest first, and records the run of each.
///
/// Once a task could not be carried out, the later ones wait as well, so that memories go out in order.
pub(super) fn carry_all(
    store: &Store,
    waiting: &[Intent],
    run: impl Fn(&Job) -> Option<Ended>,
) -> Result<GoesOn, StoreError> {
    let (tasks, triggers): (Vec<&Intent>, Vec<&Intent>) = waiting
        .iter()
        .partition(|intent| intent.asked.task.is_some());
    for intent in tasks {
        begin(store, &[intent])?;
        let ended = run(&Job::of_intent(&intent.asked, TaskKept::AsIntent));
        reach(Point::WorkerRan);
        match ended {
            Some(ended) if was_interrupted(&ended.report) => return Ok(GoesOn::No),
            // What did not run is deferred already, and due at once: this worker would begin it again for ever.
            Some(ended) if ended.report.steps.iter().any(is_deferred) => {
                let again = try_again_at(Clock::System.now(), intent.attempts + 1, None);
                store.postpone_intent(intent.id, again)?;
            }
            Some(ended) if ended.awaits_policy() => wait_for_policy(store, intent)?,
            // It waits until the time that was set when it was begun.
            Some(ended) if !ended.is_settled() => {
                if holds_later_tasks(intent, intent.attempts + 1) {
                    break;
                }
            }
            Some(ended) => store.settle_intents(&[intent.id], &ended.report.run_id)?,
            None => wait_for_policy(store, intent)?,
        }
    }
    if let Some(last) = triggers.last() {
        begin(store, &triggers)?;
        // Push and pull request are derived from the current state, so one run stands for all triggers.
        let ended = run(&Job::of_intent(&last.asked, TaskKept::Nowhere));
        reach(Point::WorkerRan);
        let ended = ended.as_ref();
        if ended.is_some_and(|ended| was_interrupted(&ended.report)) {
            return Ok(GoesOn::No);
        }
        let awaits_policy = ended.is_none_or(Ended::awaits_policy);
        if awaits_policy || ended.is_none_or(Ended::is_settled) {
            // Where the policy has an error, one trigger waits for its correction and stands for all.
            let settled = triggers
                .iter()
                .filter(|it| !awaits_policy || it.id != last.id);
            let settled: Vec<i64> = settled.map(|intent| intent.id).collect();
            store.settle_intents(&settled, &last.asked.run_id)?;
        }
        if awaits_policy {
            wait_for_policy(store, last)?;
        }
    }
    reach(Point::WorkerSettled);
    Ok(GoesOn::Yes)
}

/// Records that a run begins for `intents`, and when they are tried again should it not end.
fn begin(store: &Store, intents: &[&Intent]) -> Result<(), StoreError> {
    let ids: Vec<i64> = intents.iter().map(|intent| intent.id).collect();
    let attempts = intents.iter().map(|intent| intent.attempts).max();
    let again = try_again_at(Clock::System.now(), attempts.unwrap_or(0) + 1, None);
    store.begin_intents(&ids, again)?;
    reach(Point::WorkerBegan);
    Ok(())
}

/// Defers an intent until somebody may have corrected the policy.
fn wait_for_policy(store: &Store, intent: &Intent) -> Result<(), StoreError> {
    let at = Clock::System.now() + WAIT_FOR_POLICY;
    store.defer_intent(&intent.asked, Code::PolicyError.as_str(), at)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use crate::store::NewIntent;

    use super::*;

    fn ended(is_settled: bool) -> Ended {
        let report = json!({
            "schema": "sendoff.report/1", "run_id": "r", "version": "0", "pipeline": "post-task", "trigger": "generic",
            "repo": null, "started_at": "2026-01-01T00:00:00Z", "duration_ms": 0, "verdict": "done", "exit_code": 0,
            "steps": [],
        });
        Ended {
            report: serde_json::from_value(report).unwrap(),
            is_recorded: is_settled,
        }
    }

    /// Hands over three tasks, has them carried out, and returns which ones were begun. The first is not settled.
    fn carried(store: &Store) -> Vec<String> {
        let waiting = store.all_waiting_intents().unwrap();
        let begun = RefCell::new(Vec::new());
        let goes_on = carry_all(store, &waiting, |job| {
            let run = job.run_id().unwrap().to_owned();
            let is_first = run == "1";
            begun.borrow_mut().push(run);
            Some(ended(!is_first))
        });
        assert_eq!(goes_on.unwrap(), GoesOn::Yes);
        begun.into_inner()
    }

    /// Guards the order of memories: the second could go out while the first cannot.
    #[test]
    fn a_task_that_could_not_be_carried_out_holds_the_later_ones_for_a_while() {
        let directory = tempfile::tempdir().unwrap();
        let patience = std::time::Duration::from_secs(5);
        let store = Store::open(directory.path(), &Clock::System, patience).unwrap();
        for (run, task) in [("1", Some("{}")), ("2", Some("{}")), ("push", None)] {
            store.intend(&NewIntent::of_test(run, task)).unwrap();
        }
        assert_eq!(carried(&store), ["1", "push"]);
        for _ in 2..8 {
            assert_eq!(carried(&store), ["1"]);
        }
        assert_eq!(carried(&store), ["1", "2"]);
    }
}
