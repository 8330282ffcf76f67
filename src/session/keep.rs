//! Stores the result of a run: its report, and what is to be retried. A run that tried nothing is not stored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::failpoint::{Point, reach};
use crate::pipeline::{NOT_KEPT, Pipeline, TaskKept};
use crate::reason::{Code, Reason};
use crate::report::{Report, StepReport, Verdict};
use crate::store::{LazyStore, Slot};

use super::Session;
use super::keeper::{Keeper, fail, fail_queued, is_queued, record};

/// How long a memory that waits for a correction of the policy is deferred each time.
pub const WAIT_FOR_POLICY: Duration = Duration::from_mins(5);

/// How a run ended, for the caller that keeps the intents it carried out.
#[derive(Debug)]
pub struct Ended {
    /// The report.
    pub report: Report,
    /// Whether the report is in the history, if it belongs there.
    pub is_recorded: bool,
}

impl Ended {
    /// Says whether the work of the run is done or kept elsewhere, so that no other run has to repeat it.
    pub fn is_settled(&self) -> bool {
        let never_began = |note: &Reason| note.code == Code::NotStarted;
        self.is_recorded
            && !self.report.notes.iter().any(never_began)
            && !self.report.steps.iter().any(is_not_kept)
    }

    /// Says whether a mistake in the policy kept a step from running, so that a retry needs a correction first.
    pub fn awaits_policy(&self) -> bool {
        let mut steps = self.report.steps.iter();
        steps.any(|step| (step.verdict, step.reason) == (Verdict::Skipped, Some(Code::PolicyError)))
    }
}

impl Session {
    /// Keeps what a run did. A store that cannot be used changes a report only where it said that
    /// something is kept.
    pub(super) fn keep(&self, pipeline: &Pipeline, mut report: Report) -> Ended {
        if !tried_something(&report) {
            if self.makes_up_for.is_some() {
                self.keep_answer(pipeline, &report);
            }
            return Ended {
                report,
                is_recorded: true,
            };
        }
        if self.repo().is_none() {
            // Without a repository it is not known what to try again, and where.
            let advice = "run again when the repository can be opened";
            fail(&mut report, is_queued, advice);
        }
        let keeper = self.watch.keeper();
        let keeper = keeper.unwrap_or_else(|| self.keeper(pipeline, self.platform_identity()));
        let kept = match self.store.get() {
            Ok(store) => {
                report.notes.extend(store.set_aside().map(set_aside));
                if self.task_kept == TaskKept::Nowhere
                    && let Err(error) = keeper.keep_interrupted(store, &mut report)
                {
                    tracing::debug!(%error, "what a signal cut off is not kept");
                }
                if let Err(error) = keeper.keep(store, &report) {
                    fail_queued(&mut report, &error);
                }
                reach(Point::KeepPending);
                let kept = keeper.record(store, &report);
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

    /// Puts a run that a hook asked for into the history though it tried nothing: whoever waits for it gets the reason.
    fn keep_answer(&self, pipeline: &Pipeline, report: &Report) {
        let keeper = self.keeper(pipeline, self.platform_identity());
        let store = self.store.get();
        let kept = store.and_then(|store| keeper.record(store, report).map_err(Arc::new));
        if let Err(error) = kept {
            tracing::debug!(%error, "the run is not in the history");
        }
    }

    /// Makes the keeper for the run of a pipeline. `platform` is where the run's messages go.
    pub(super) fn keeper(&self, pipeline: &Pipeline, platform: String) -> Keeper {
        let (wait, platform) = if self.loaded.fail_closed {
            // The policy that cannot be read can name another platform.
            (WAIT_FOR_POLICY, String::new())
        } else {
            (Duration::ZERO, platform)
        };
        Keeper {
            store: self.store.clone(),
            clock: self.clock.clone(),
            repository: self.repo().map(|repo| repo.common_dir().to_owned()),
            place: self.place(),
            message_run: self.message_run(),
            task: self.task.clone(),
            known: self.known.clone(),
            platform,
            wait,
            retries: Keeper::retries(pipeline, &self.task),
        }
    }
}

/// Keeps the report so far of a run that was stuck before it began, before its process ends.
pub fn keep_late(report: &Report, slot: &Slot, store: &LazyStore) {
    let kept = store.late().and_then(|store| record(&store, report, slot));
    if let Err(error) = kept {
        tracing::debug!(%error, "the run is not in the history");
    }
}

/// Makes the note that a damaged file of the store was set aside, and where it is.
pub fn set_aside(path: &Path) -> Reason {
    let message = format!(
        "what was kept is damaged and was set aside as {}: what waited in it is not sent",
        path.display()
    );
    let advice = format!(
        "read it with sqlite3 where you need it, then remove it: rm -f '{}'*",
        path.display()
    );
    Reason::new(Code::StoreDamaged, message).advise(advice)
}

/// Says whether a run did or tried something, so that it belongs into the history.
fn tried_something(report: &Report) -> bool {
    let mut steps = report.steps.iter();
    steps.any(|step| step.verdict != Verdict::Skipped)
}

/// Says whether a step's work was to be kept for later, and is not.
fn is_not_kept(step: &StepReport) -> bool {
    step.outputs.contains_key(NOT_KEPT)
}
