//! `Ending`: how a step ended, before it is cleaned for the report.

use crate::reason::{Code, Reason};
use crate::report::Verdict;

use super::deadline::Deadline;
use super::hold::Hold;
use super::step::{ErrorKind, Outcome, Outputs, StepError};

/// How a step ended, in its own words.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// The work is done.
    Done {
        /// One line.
        summary: String,
        /// What was found or made.
        outputs: Outputs,
    },
    /// It is not.
    Not {
        /// What became of it.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// What was found out all the same.
        outputs: Outputs,
    },
}

impl Ending {
    /// Makes the ending of a step that did not do its work.
    pub(super) fn not(verdict: Verdict, reason: Reason) -> Self {
        Self::Not {
            verdict,
            reason,
            outputs: Outputs::new(),
        }
    }

    /// Makes the ending of a step that did not run.
    pub(super) fn held(hold: Hold) -> Self {
        Self::not(Verdict::Skipped, hold.reason)
    }

    /// Makes the ending of a step that ran out of time.
    pub(super) fn late(code: Code, message: String) -> Self {
        let reason = Reason::new(code, message)
            .advise("check that the server answers, or raise the limit; then run again");
        Self::not(Verdict::Failed, reason)
    }

    /// Makes the ending of a step whose turn never came, because of `passed`.
    pub(super) fn not_started(passed: &str) -> Self {
        let message = format!("not started: {passed}");
        Self::not(Verdict::Failed, Reason::new(Code::Deadline, message))
    }

    /// Returns what became of the step.
    pub(super) const fn verdict(&self) -> Verdict {
        match self {
            Self::Done { .. } => Verdict::Done,
            Self::Not { verdict, .. } => *verdict,
        }
    }
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done { summary, outputs } => Self::Done { summary, outputs },
            Outcome::Skipped(reason) => Self::not(Verdict::Skipped, reason),
        }
    }
}

impl From<StepError> for Ending {
    /// Every kind of error fails the step; a bug of ours has the code that the exit code knows.
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

/// Says that the run's time is over.
pub(super) fn passed(deadline: &Deadline) -> String {
    format!(
        "the run's deadline of {:?} passed (limits.deadline)",
        deadline.limit()
    )
}
