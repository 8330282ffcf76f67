//! `StepEnd`: how a step ended, before its texts are sanitised for the report.

use crate::reason::{Code, Reason};
use crate::report::Verdict;
use crate::store::LazyStore;

use super::deadline::Deadline;
use super::hold::Hold;
use super::outcome::{ErrorKind, Outcome, Outputs, StepError};

/// The output that marks a step as deferred: a later run does its work.
pub const DEFERRED: &str = "deferred";

/// The output that marks a step that should be retried but could not be stored.
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
    NotDone {
        /// The verdict.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// Its outputs.
        outputs: Outputs,
    },
}

impl StepEnd {
    /// Makes the end of a step that is not done.
    pub(super) fn not_done(verdict: Verdict, reason: Reason) -> Self {
        Self::NotDone {
            verdict,
            reason,
            outputs: Outputs::new(),
        }
    }

    /// Makes the end of a step that was held.
    pub(super) fn held(hold: Hold) -> Self {
        Self::not_done(Verdict::Skipped, hold.reason)
    }

    /// Makes the end of a step whose timeout passed.
    pub(super) fn late(code: Code, message: String) -> Self {
        let reason = Reason::new(code, message)
            .advise("check that the server answers, or raise the limit; then run again");
        Self::not_done(Verdict::Failed, reason)
    }

    /// Makes the end of a step that never started, because of `passed`.
    pub(super) fn not_started(passed: &str) -> Self {
        let message = format!("not started: {passed}");
        Self::not_done(Verdict::Failed, Reason::new(Code::Deadline, message))
    }

    /// Turns a failure into a queued step, or adds why it cannot be queued.
    pub(super) fn queued(self, store: &LazyStore) -> Self {
        let Self::NotDone {
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
        Self::NotDone {
            verdict,
            reason,
            outputs,
        }
    }

    /// Turns a step that could not start into a deferred one, or adds why it cannot be deferred.
    pub(super) fn deferred(self, store: &LazyStore) -> Self {
        let mut queued = self.queued(store);
        if let Self::NotDone {
            verdict: Verdict::Queued,
            outputs,
            ..
        } = &mut queued
        {
            outputs.insert(DEFERRED.into(), true.into());
        }
        queued
    }

    /// Says whether the step could not start, because the deadline passed or the policy has an error.
    pub(super) const fn has_not_started(&self) -> bool {
        matches!(
            self,
            Self::NotDone {
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
            Self::NotDone { verdict, .. } => *verdict,
        }
    }
}

impl From<Outcome> for StepEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done { summary, outputs } => Self::Done { summary, outputs },
            Outcome::Skipped(reason) => Self::not_done(Verdict::Skipped, reason),
            Outcome::Queued(reason) => Self::not_done(Verdict::Queued, reason),
        }
    }
}

impl From<StepError> for StepEnd {
    /// Every kind of error fails the step. The exit code depends on whether it is a bug.
    fn from(error: StepError) -> Self {
        let mut reason = error.reason;
        match error.kind {
            ErrorKind::Internal => reason.code = Code::Internal,
            ErrorKind::Transient | ErrorKind::Denied => {}
        }
        Self::NotDone {
            verdict: Verdict::Failed,
            reason,
            outputs: *error.outputs,
        }
    }
}

/// Returns the message for a deadline that passed.
pub(super) fn passed(deadline: &Deadline) -> String {
    format!(
        "the run's deadline of {:?} passed (limits.deadline)",
        deadline.limit()
    )
}
