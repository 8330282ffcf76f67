//! `Outcome` and `StepError`: how a step ends.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::forge::ForgeError;
use crate::reason::{Code, Reason};

/// The output that says when a server accepts the next request, as a timestamp.
pub const NOT_BEFORE: &str = "not-before";

/// A step's outputs, as JSON. Templates and conditions use them as `steps[name].outputs`.
pub type Outputs = Map<String, Value>;

/// A step's result without an error. A refusal by policy or state is a skip, not an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The work is done, or was done before.
    Done {
        /// One line.
        summary: String,
        /// The outputs.
        outputs: Outputs,
    },
    /// There is nothing to do, or it is not allowed.
    Skipped(Reason),
    /// It is queued for a later try.
    Queued(Reason),
}

impl Outcome {
    /// Makes a `Done` without outputs.
    pub fn done(summary: impl Into<String>) -> Self {
        Self::Done {
            summary: summary.into(),
            outputs: Outputs::new(),
        }
    }

    /// Makes a `Skipped` without advice.
    pub fn skipped(code: Code, message: impl Into<String>) -> Self {
        Self::Skipped(Reason::new(code, message))
    }
}

/// Who has to act after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nobody: a retry can succeed, as after a network error, a lock or a rate limit.
    Transient,
    /// The user: something was refused, or must be changed first.
    Denied,
    /// The developers of sendoff: it is a bug.
    Internal,
}

/// Why a step did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StepError {
    /// Who has to act.
    pub kind: ErrorKind,
    /// What happened, and the advice.
    pub reason: Reason,
    /// Outputs in spite of the error, such as the server's messages.
    pub outputs: Box<Outputs>,
}

impl StepError {
    /// Makes an error without advice.
    pub fn new(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        Self::for_reason(kind, Reason::new(code, message))
    }

    /// Makes an error from a reason.
    pub fn for_reason(kind: ErrorKind, reason: Reason) -> Self {
        Self {
            kind,
            reason,
            outputs: Box::default(),
        }
    }

    /// Adds the advice.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.reason = self.reason.advise(advice);
        self
    }

    /// Adds when the server accepts the next request.
    #[must_use]
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.outputs
            .insert(NOT_BEFORE.into(), at.to_string().into());
        self
    }
}

impl From<ForgeError> for StepError {
    fn from(error: ForgeError) -> Self {
        let kind = if error.is_transient() {
            ErrorKind::Transient
        } else {
            ErrorKind::Denied
        };
        let told = Self::for_reason(kind, error.reason);
        match error.not_before {
            Some(at) => told.not_before(at),
            None => told,
        }
    }
}
