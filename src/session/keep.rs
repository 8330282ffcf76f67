//! What is kept of a run: its report, what it pushed, what is to be tried again. Nothing of a run that tried nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::failpoint::{Point, reach};
use crate::pipeline::{DEFERRED, NOT_KEPT, Service, try_again_at};
use crate::reason::{Code, Reason};
use crate::report::{Report, StepReport, Verdict};
use crate::steps::service_of;
use crate::store::{LazyStore, NewIntent, NewPending, RunRow, Slot, Store, StoreError};

use super::Session;

/// How long a memory waits for the policy to be corrected before it is looked at again.
pub const WAIT_FOR_POLICY: Duration = Duration::from_mins(5);

/// How a run ended, for who keeps what it was for.
#[derive(Debug)]
pub struct Ended {
    /// What it did.
    pub report: Report,
    /// Whether that is in the history, where it belongs there.
    is_recorded: bool,
}

impl Ended {
    /// Says whether what the run was for is done or kept elsewhere, so that nobody has to make up for the run.
    pub fn is_settled(&self) -> bool {
        let never_began = |note: &Reason| note.code == Code::NotStarted;
        self.is_recorded
            && !self.report.notes.iter().any(never_began)
            && !self.report.steps.iter().any(is_not_kept)
    }
}

impl Session {
    /// Keeps what a run did. A store that cannot be used changes a report only where it said that
    /// something is kept.
    pub(super) fn keep(&self, mut report: Report) -> Ended {
        if !tried_something(&report) {
            return Ended {
                report,
                is_recorded: true,
            };
        }
        let slot = self.slot(&report);
        if self.repo().is_none() {
            // Nobody can say what is to be tried again, and where.
            let advice = "run again when the repository can be opened";
            fail(&mut report, is_queued, advice);
        }
        let kept = match self.store.get() {
            Ok(store) => {
                let kept = self.keep_pending(store, &report, &slot);
                if let Err(error) = kept.and_then(|()| self.keep_deferred(store, &report, &slot)) {
                    fail_queued(&mut report, &error);
                }
                reach(Point::KeepPending);
                let kept = record(store, &report, &slot);
                reach(Point::KeepRecorded);
                kept.map_err(Arc::new)
            }
            Err(error) => {
                fail_queued(&mut report, &error);
                Err(error)
            }
        };
        if let Err(error) = &kept {
            tracing::debug!(%error, "the run is not in the history");
        }
        Ended {
            report,
            is_recorded: kept.is_ok(),
        }
    }

    /// Keeps the branch when a step of it is to be tried again, and ends what was kept when none is.
    fn keep_pending(&self, store: &Store, report: &Report, slot: &Slot) -> Result<(), StoreError> {
        let before = store.pending(slot)?;
        let queued: Vec<&StepReport> = report.steps.iter().filter(|s| is_queued(s)).collect();
        let Some(first) = queued.first() else {
            let ran = |name: &String| report.steps.iter().any(|step| step.name == *name);
            return match before {
                Some(row) if row.what.steps.iter().all(ran) => store.settle_pending(slot).map(drop),
                _ => Ok(()),
            };
        };
        let Some(repo) = self.repo() else {
            return Ok(());
        };
        let attempts = before.map_or(0, |row| row.attempts);
        let asked = queued.iter().filter_map(|step| not_before(step)).max();
        store.keep_pending(&NewPending {
            slot: slot.clone(),
            git_dir: repo.git_dir().to_owned(),
            work_tree: repo.work_tree().map(ToOwned::to_owned),
            pipeline: report.pipeline.clone(),
            surface: report.trigger.clone(),
            steps: to_try_again(report),
            reason: first.reason.map_or("", Code::as_str).to_owned(),
            summary: first.summary.clone(),
            not_before: try_again_at(self.clock.now(), attempts + 1, asked),
        })
    }

    /// Keeps the task of a run whose memory had no turn, for a run that makes up for it.
    fn keep_deferred(&self, store: &Store, report: &Report, slot: &Slot) -> Result<(), StoreError> {
        let deferred: Vec<&StepReport> = report.steps.iter().filter(|s| is_deferred(s)).collect();
        let Some(first) = deferred.first() else {
            return Ok(());
        };
        let (wait, platform) = if self.loaded.fail_closed {
            // The policy that cannot be read may name another one.
            (WAIT_FOR_POLICY, String::new())
        } else {
            (Duration::ZERO, self.platform_identity())
        };
        store.defer_intent(
            &NewIntent {
                run_id: self.message_run().to_string(),
                slot: slot.clone(),
                place: self.place(),
                surface: report.trigger.clone(),
                pipeline: report.pipeline.clone(),
                steps: deferred.iter().map(|step| step.name.clone()).collect(),
                task: self.task.without_secrets(&self.known),
                platform,
            },
            first.reason.map_or("", Code::as_str),
            self.clock.now() + wait,
        )
    }

    /// Returns the repository and the branch of a run, as rows name them.
    fn slot(&self, report: &Report) -> Slot {
        let branch = report.repo.as_ref().and_then(|repo| repo.branch.clone());
        let repository = self.repo().map(|repo| repo.common_dir().to_owned());
        Slot {
            repository: repository.unwrap_or_default(),
            branch: branch.unwrap_or_default(),
        }
    }
}

/// Corrects the report of a run that the watchdog ends: what its branch waits for was not written down any more.
pub(super) fn not_kept(mut report: Report) -> Report {
    let is_kept = |step: &StepReport| is_queued(step) || is_deferred(step);
    let advice = "run sendoff again: it could not be kept for later";
    fail(&mut report, is_kept, advice);
    report
}

/// Keeps the report so far of a run that was stuck, before its process ends.
pub fn keep_late(report: &Report, slot: &Slot, store: &LazyStore) {
    let kept = store.late().and_then(|store| record(&store, report, slot));
    if let Err(error) = kept {
        tracing::debug!(%error, "the run is not in the history");
    }
}

fn record(store: &Store, report: &Report, slot: &Slot) -> Result<(), StoreError> {
    store.record(&RunRow {
        slot: slot.clone(),
        report: report.clone(),
    })
}

/// Says whether a run did or tried something; what was only looked at is not worth a row.
fn tried_something(report: &Report) -> bool {
    let mut steps = report.steps.iter();
    steps.any(|step| step.verdict != Verdict::Skipped)
}

/// Says whether a later run makes up for a step.
pub fn is_deferred(step: &StepReport) -> bool {
    step.verdict == Verdict::Queued && step.outputs.contains_key(DEFERRED)
}

/// Says whether a step's work was to be kept for later, and is not.
fn is_not_kept(step: &StepReport) -> bool {
    step.outputs.contains_key(NOT_KEPT)
}

/// Says whether a step waits for its branch to be tried again; messages have the outbox.
fn is_queued(step: &StepReport) -> bool {
    step.verdict == Verdict::Queued && service_of(&step.kind) != Some(Service::Platform)
}

/// Names the steps to try again: those that did not succeed in passing, and those that waited for them.
fn to_try_again(report: &Report) -> Vec<String> {
    let again = report.steps.iter().filter(|step| {
        let waited = step.verdict == Verdict::Skipped && step.reason == Some(Code::Needs);
        is_queued(step) || waited
    });
    again.map(|step| step.name.clone()).collect()
}

/// Returns when a server wants to hear of a step again.
fn not_before(step: &StepReport) -> Option<Timestamp> {
    step.outputs.get("not-before")?.as_str()?.parse().ok()
}

/// Corrects what was said to be kept and is not.
fn fail_queued(report: &mut Report, error: &StoreError) {
    let is_kept = |step: &StepReport| is_queued(step) || is_deferred(step);
    if fail(report, is_kept, &error.advice()) {
        let reason = Reason::of(Code::StoreUnavailable, error).advise(error.advice());
        report.notes.push(reason);
    }
}

/// Makes failures of steps that are kept nowhere. Says whether there was one.
fn fail(report: &mut Report, which: impl Fn(&StepReport) -> bool, advice: &str) -> bool {
    let mut corrected = false;
    for step in report.steps.iter_mut().filter(|step| which(step)) {
        step.verdict = Verdict::Failed;
        step.advice = Some(advice.to_owned());
        step.outputs.insert(NOT_KEPT.into(), true.into());
        corrected = true;
    }
    if corrected {
        report.conclude();
    }
    corrected
}
