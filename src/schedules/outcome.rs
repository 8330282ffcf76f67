//! What carrying out a firing came to.

use jiff::Timestamp;

use crate::store::Answer;

/// What became of the work of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Done {
        /// In one line.
        detail: String,
        /// What came back.
        answer: Answer,
    },
    /// What it is for is busy; nothing was done.
    Busy(String),
    /// It was not done, for this reason.
    Failed(String),
    /// It was not done, for a reason that may be gone later.
    FailedInPassing {
        /// What happened.
        why: String,
        /// What to do about it, should it last.
        advice: String,
        /// Before when another try is pointless, where the server says so.
        not_before: Option<Timestamp>,
    },
}

impl Outcome {
    /// Makes the outcome of work that nothing answers.
    pub(super) fn done(detail: impl Into<String>) -> Self {
        Self::Done {
            detail: detail.into(),
            answer: Answer::None,
        }
    }

    /// Makes a failure of an error with its causes.
    pub(super) fn failed(error: &dyn std::error::Error) -> Self {
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        Self::Failed(said)
    }
}
