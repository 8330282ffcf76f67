//! `WorkOutcome`: the outcome of a firing's work.

use jiff::Timestamp;

use crate::reason::error_chain;
use crate::store::Answer;

/// The outcome of a firing's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WorkOutcome {
    /// It was done.
    Done {
        /// In one line.
        detail: String,
        /// Whether an agent answered.
        answer: Answer,
    },
    /// The workspace is busy, and nothing was done; with a description.
    Busy(String),
    /// It was not done, for this reason.
    Failed(String),
    /// It failed transiently.
    FailedTransiently {
        /// What happened.
        why: String,
        /// What to do about it if it persists.
        advice: String,
        /// When the server accepts the next request, where it says so.
        not_before: Option<Timestamp>,
    },
}

impl WorkOutcome {
    /// Makes the outcome of work without an answer.
    pub(super) fn done(detail: impl Into<String>) -> Self {
        Self::Done {
            detail: detail.into(),
            answer: Answer::None,
        }
    }

    /// Makes a failure from an error and its causes.
    pub(super) fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(error_chain(error))
    }
}
