//! `Keeper`: stores what is to be retried after a run. Used by the run, and by the watchdog that ends it.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::names::RunId;
use crate::pipeline::{
    DEFERRED, NOT_BEFORE, NOT_KEPT, Pipeline, Retry, Service, TaskDocument, message_key,
    try_again_at,
};
use crate::reason::{Code, Reason};
use crate::report::{Report, StepReport, Verdict};
use crate::secrets::KnownSecrets;
use crate::steps::service_of;
use crate::store::{LazyStore, NewIntent, NewPending, Place, RunRow, Slot, Store, StoreError};

/// How long the end of the process waits for the last write. It takes milliseconds, on a busy disk longer; a run that
/// ends late is better than one that loses its task.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// The data for storing what is to be retried after a run.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    pub(super) store: LazyStore,
    pub(super) clock: Clock,
    /// The git directory that all work trees share; none outside of a repository.
    pub(super) repository: Option<PathBuf>,
    pub(super) place: Place,
    /// The run whose messages this run sends.
    pub(super) message_run: RunId,
    pub(super) task: TaskDocument,
    pub(super) known: KnownSecrets,
    /// The platform that the task's messages go to; empty where that is unknown.
    pub(super) platform: String,
    /// How long deferred work waits.
    pub(super) wait: Duration,
    /// The steps that are retried after a failure, and how.
    pub(super) retries: Vec<(String, Retry)>,
}

impl Keeper {
    /// Returns the steps of a pipeline that are retried after a failure.
    pub(super) fn retries(pipeline: &Pipeline, task: &TaskDocument) -> Vec<(String, Retry)> {
        let steps = pipeline.steps();
        let retries = steps.map(|step| (step.name.clone(), step.retry(task)));
        retries
            .filter(|(_, retry)| *retry != Retry::Never)
            .collect()
    }

    /// Stores what is to be retried; removes the stored rows where nothing is.
    pub(super) fn keep(&self, store: &Store, report: &Report) -> Result<(), StoreError> {
        let slot = self.slot(report);
        self.keep_pending(store, report, &slot)?;
        self.keep_deferred(store, report, &slot)
    }

    /// Puts a run into the history.
    pub(super) fn record(&self, store: &Store, report: &Report) -> Result<(), StoreError> {
        record(store, report, &self.slot(report))
    }

    /// Stores the steps that the watchdog ended, and corrects the report. A thread does it within a time limit, because every
    /// access to the store can hang.
    pub(super) fn keep_late(self, report: Report) -> Report {
        let (answer, kept) = channel();
        let spare = report.clone();
        let keeping = move || {
            let mut report = report;
            let kept = self.store.late().and_then(|store| {
                self.put_off(&store, &mut report, Code::Deadline)?;
                self.keep(&store, &report)?;
                self.record(&store, &report)
            });
            // The receiver can be gone.
            let _late = answer.send(match kept {
                Ok(()) => report,
                Err(error) => {
                    tracing::debug!(%error, "what was cut off is not kept");
                    not_kept(report)
                }
            });
        };
        let _thread = thread::Builder::new()
            .name("last-write".into())
            .spawn(keeping);
        let kept = kept.recv_timeout(LAST_WRITE);
        kept.unwrap_or_else(|_| not_kept(spare))
    }

    /// Queues the messages of a run that a signal ended. The branch is not queued: the sender of the signal still has its
    /// commits.
    pub(super) fn keep_interrupted(
        &self,
        store: &Store,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let messages = self.retries.iter();
        let messages = messages.filter(|(_, retry)| *retry == Retry::Message);
        let only_messages = Self {
            retries: messages.cloned().collect(),
            ..self.clone()
        };
        only_messages.put_off(store, report, Code::Interrupted)
    }

    /// Queues the steps that ended for the reason `why`, where a retry is useful.
    fn put_off(&self, store: &Store, report: &mut Report, why: Code) -> Result<(), StoreError> {
        let branch = report.repo.as_ref().and_then(|repo| repo.branch.as_ref());
        let has_branch = branch.is_some() && self.place.git_dir.is_some();
        for step in &mut report.steps {
            if (step.verdict, step.reason) != (Verdict::Failed, Some(why)) {
                continue;
            }
            let retries = self.retries.iter().find(|(name, _)| *name == step.name);
            match retries {
                Some((_, Retry::Branch)) if has_branch => {}
                // The outbox delivers its messages itself.
                Some((name, Retry::Message))
                    if store.has_delivery(&message_key(self.message_run, name))? => {}
                Some((_, Retry::Message)) => {
                    step.outputs.insert(DEFERRED.into(), true.into());
                }
                _ => continue,
            }
            step.verdict = Verdict::Queued;
            step.advice = Some("it is tried again by itself; to try now: sendoff flush".into());
        }
        report.conclude();
        Ok(())
    }

    /// Stores the branch as pending when a step is to be tried again; removes its row when none is.
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
        let Some(git_dir) = &self.place.git_dir else {
            return Ok(());
        };
        let attempts = before.map_or(0, |row| row.attempts);
        let asked = queued.iter().filter_map(|step| not_before(step)).max();
        store.keep_pending(&NewPending {
            slot: slot.clone(),
            git_dir: git_dir.clone(),
            work_tree: self.place.work_tree.clone(),
            pipeline: report.pipeline.clone(),
            surface: report.trigger.clone(),
            steps: to_try_again(report),
            reason: first.reason.map_or("", Code::as_str).to_owned(),
            summary: first.summary.clone(),
            not_before: try_again_at(self.clock.now(), attempts + 1, asked),
        })
    }

    /// Keeps the task of a run that ended before its memory step, for a later run.
    fn keep_deferred(&self, store: &Store, report: &Report, slot: &Slot) -> Result<(), StoreError> {
        let deferred: Vec<&StepReport> = report.steps.iter().filter(|s| is_deferred(s)).collect();
        let Some(first) = deferred.first() else {
            return Ok(());
        };
        store.defer_intent(
            &NewIntent {
                run_id: self.message_run.to_string(),
                slot: slot.clone(),
                place: self.place.clone(),
                surface: report.trigger.clone(),
                pipeline: report.pipeline.clone(),
                steps: deferred.iter().map(|step| step.name.clone()).collect(),
                task: self.task.without_secrets(&self.known),
                platform: self.platform.clone(),
            },
            first.reason.map_or("", Code::as_str),
            self.clock.now() + self.wait,
        )
    }

    /// Returns the repository and the branch of a run, as rows name them.
    fn slot(&self, report: &Report) -> Slot {
        let branch = report.repo.as_ref().and_then(|repo| repo.branch.clone());
        Slot {
            repository: self.repository.clone().unwrap_or_default(),
            branch: branch.unwrap_or_default(),
        }
    }
}

/// Corrects the report of a run that the watchdog ends: the row of its branch was not written in time.
pub(super) fn not_kept(mut report: Report) -> Report {
    let is_kept = |step: &StepReport| is_queued(step) || is_deferred(step);
    let advice = "run sendoff again: it could not be kept for later";
    fail(&mut report, is_kept, advice);
    report
}

/// Puts a run into the history, under the branch that is named.
pub(super) fn record(store: &Store, report: &Report, slot: &Slot) -> Result<(), StoreError> {
    store.record(&RunRow {
        slot: slot.clone(),
        report: report.clone(),
    })
}

/// Says whether a later run carries out a step.
pub fn is_deferred(step: &StepReport) -> bool {
    step.verdict == Verdict::Queued && step.outputs.contains_key(DEFERRED)
}

/// Says whether a step waits for its branch to be tried again; messages have the outbox.
pub(super) fn is_queued(step: &StepReport) -> bool {
    step.verdict == Verdict::Queued && service_of(&step.kind) != Some(Service::Platform)
}

/// Returns the steps to try again: those that failed transiently, and those that needed them.
fn to_try_again(report: &Report) -> Vec<String> {
    let retries = report.steps.iter().filter(|step| {
        let waited = step.verdict == Verdict::Skipped && step.reason == Some(Code::Needs);
        is_queued(step) || waited
    });
    retries.map(|step| step.name.clone()).collect()
}

/// Returns the earliest time at which the server wants another try of a step.
fn not_before(step: &StepReport) -> Option<Timestamp> {
    step.outputs.get(NOT_BEFORE)?.as_str()?.parse().ok()
}

/// Corrects the report where it says that something is kept and the store has refused it.
pub(super) fn fail_queued(report: &mut Report, error: &StoreError) {
    let is_kept = |step: &StepReport| is_queued(step) || is_deferred(step);
    if fail(report, is_kept, &error.advice()) {
        let reason = Reason::of(Code::StoreUnavailable, error).advise(error.advice());
        report.notes.push(reason);
    }
}

/// Turns steps that could not be stored into failures. Says whether there was one.
pub(super) fn fail(report: &mut Report, which: impl Fn(&StepReport) -> bool, advice: &str) -> bool {
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
