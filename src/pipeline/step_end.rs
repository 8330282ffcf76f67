//! `StepEnd`: how a step ended, before its texts are sanitised for the report.

use crate::reason::{Code, Reason};
use crate::report::Verdict;
use crate::store::LazyStore;

use super::deadline::Deadline;
use super::hold::Hold;
use super::outcome::{ErrorKind, Outcome, Outputs, StepError};

/// The output of a step that a later run makes up for.
pub const DEFERRED: &str = "deferred";

/// The output of a step whose work was to be kept for later, and is kept nowhere.
pub const NOT_KEPT: &str = "not-kept";

/// How a step ended.
#[derive(Debug, Clone)]
pub(super) enum StepEnd {
    /// It is done.
    Done {
        /// One line.
        summary: String,
        /// Its outputs.
        outputs: Outputs,
    },
    /// It is not done.
    Not {
        /// The verdict.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// Its outputs.
        outputs: Outputs,
    },
}

impl StepEnd {
    /// Makes the end of a step that failed.
    pub(super) fn not(verdict: Verdict, reason: Reason) -> Self {
        Self::Not {
            verdict,
            reason,
            outputs: Outputs::new(),
        }
    }

    /// Makes the end of a step that did not run.
    pub(super) fn held(hold: Hold) -> Self {
        Self::not(Verdict::Skipped, hold.reason)
    }

    /// Makes the end of a step whose timeout passed.
    pub(super) fn late(code: Code, message: String) -> Self {
        let reason = Reason::new(code, message)
            .advise("check that the server answers, or raise the limit; then run again");
        Self::not(Verdict::Failed, reason)
    }

    /// Makes the end of a step that never started, because of `passed`.
    pub(super) fn not_started(passed: &str) -> Self {
        let message = format!("not started: {passed}");
        Self::not(Verdict::Failed, Reason::new(Code::Deadline, message))
    }

    /// Makes a failure one that is tried again later; or says why that cannot be.
    pub(super) fn queued(self, store: &LazyStore) -> Self {
        let Self::Not {
            verdict,
            mut reason,
            mut outputs,
        } = self
        else {
            return self;
        };
        let verdict = match store.get() {
            Ok(_) => {
                let advice = "it is tried again by itself; to try now: sendoff flush";
                reason.advice.get_or_insert_with(|| advice.into());
                Verdict::Queued
            }
            Err(error) => {
                reason.message =
                    format!("{}; it cannot be kept for later: {error}", reason.message);
                reason.advice.get_or_insert_with(|| error.advice());
                outputs.insert(NOT_KEPT.into(), true.into());
                verdict
            }
        };
        Self::Not {
            verdict,
            reason,
            outputs,
        }
    }

    /// Makes the end of a step that had no turn one that a later run makes up for; or says why that cannot be.
    pub(super) fn deferred(self, store: &LazyStore) -> Self {
        let mut queued = self.queued(store);
        if let Self::Not {
            verdict: Verdict::Queued,
            outputs,
            ..
        } = &mut queued
        {
            outputs.insert(DEFERRED.into(), true.into());
        }
        queued
    }

    /// Says whether the step had no turn, because the deadline passed or the policy has an error.
    pub(super) const fn is_without_turn(&self) -> bool {
        matches!(
            self,
            Self::Not {
                reason: Reason {
                    code: Code::Deadline | Code::PolicyError,
                    ..
                },
                ..
            }
        )
    }

    /// Returns the verdict.
    pub(super) const fn verdict(&self) -> Verdict {
        match self {
            Self::Done { .. } => Verdict::Done,
            Self::Not { verdict, .. } => *verdict,
        }
    }
}

impl From<Outcome> for StepEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done { summary, outputs } => Self::Done { summary, outputs },
            Outcome::Skipped(reason) => Self::not(Verdict::Skipped, reason),
            Outcome::Queued(reason) => Self::not(Verdict::Queued, reason),
        }
    }
}

impl From<StepError> for StepEnd {
    /// Every kind of error fails the step; the exit code depends on whether it is a bug.
    fn from(error: StepError) -> Self {
        let mut reason = error.reason;
        match error.kind {
            ErrorKind::Internal => reason.code = Code::Internal,
            ErrorKind::Transient | ErrorKind::Denied => {}
        }
        Self::Not {
            verdict: Verdict::Failed,
            reason,
            outputs: *error.outputs,
        }
    }
}

/// Returns the reason of a run whose deadline passed.
pub(super) fn passed(deadline: &Deadline) -> String {
    format!(
        "the run's deadline of {:?} passed (limits.deadline)",
        deadline.limit()
    )
}
