//! `Ending`: how a step ended, before it is cleaned for the report.

use crate::report::Verdict;

use super::deadline::Deadline;
use super::hold::Hold;
use super::step::Outputs;

/// The stable code of what the run's deadline ended.
pub(super) const DEADLINE: &str = "deadline";

/// How a step ended, in its own words.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    pub(super) summary: String,
    pub(super) advice: Option<String>,
    pub(super) outputs: Outputs,
}

impl Ending {
    /// Makes an ending without outputs.
    pub(super) fn new(verdict: Verdict, reason: &str, summary: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: Some(reason.into()),
            summary: summary.into(),
            advice: None,
            outputs: Outputs::new(),
        }
    }

    /// Makes the ending of a step that did not run.
    pub(super) fn held(hold: Hold) -> Self {
        Self {
            advice: hold.advice,
            ..Self::new(Verdict::Skipped, hold.reason, hold.sentence)
        }
    }

    /// Makes the ending of a step that ran out of time.
    pub(super) fn late(reason: &str, summary: String) -> Self {
        let advice = "check that the server answers, or raise the limit; then run again";
        Self {
            advice: Some(advice.into()),
            ..Self::new(Verdict::Failed, reason, summary)
        }
    }

    /// Makes the ending of a step whose turn never came, because of `passed`.
    pub(super) fn not_started(passed: &str) -> Self {
        Self::new(Verdict::Failed, DEADLINE, format!("not started: {passed}"))
    }
}

/// Says that the run's time is over.
pub(super) fn passed(deadline: &Deadline) -> String {
    format!(
        "the run's deadline of {:?} passed (limits.deadline)",
        deadline.limit()
    )
}
