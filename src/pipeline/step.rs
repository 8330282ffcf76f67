//! The contract between the engine and a step.

use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::git::Repo;
use crate::policy::{Policy, Trigger};
use crate::reason::{Code, Reason};

use super::context::Context;

/// What a step found or made, as JSON; templates and conditions see it as `steps[name].outputs`.
pub type Outputs = Map<String, Value>;

/// One thing a run does. The type that implements this is also the step's settings.
///
/// A step may run twice, and late: it derives what to do from the repository and the servers, and
/// takes the facts of earlier steps as a shortcut only.
///
/// `?Send`, because a run lives on one thread; blocking work goes through
/// [`interruptible`](super::interruptible).
#[async_trait(?Send)]
pub trait Step: Debug {
    /// Does what can be done before the step's turn, such as a look-up on a connection of its own.
    ///
    /// Starts with the run, beside the earlier steps. Must have no effect outside the process, and
    /// leaves what it found where [`run`](Self::run) looks, in a source of the context.
    async fn prepare(&self, _cx: &Context<'_>) {}

    /// Returns what a plan says of the step beside its name: one line each. Looks at files only.
    fn details(&self, _repo: &Repo, _policy: &Policy, _trigger: Trigger) -> Vec<String> {
        Vec::new()
    }

    /// Does the work.
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError>;
}

/// A step that makes one text of another and reaches nothing else, so that it can be used alone,
/// many times in one process.
pub trait TextStep: Debug {
    /// Makes the text. An error says what is wrong with `input`.
    fn convert(&self, input: &str) -> Result<String, StepError>;
}

/// What a step says of its work. A refusal by policy or state is a skip, not an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The work is done, or was found done.
    Done {
        /// One line.
        summary: String,
        /// What was found or made.
        outputs: Outputs,
    },
    /// There is nothing to do, or it is not allowed.
    Skipped(Reason),
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

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It can be tried again: the network, a lock, a rate limit.
    Transient,
    /// Somebody said no, or something has to be changed first.
    Denied,
    /// A bug of ours.
    Internal,
}

/// Why a step did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StepError {
    /// Whose turn it is.
    pub kind: ErrorKind,
    /// What happened, and what to do.
    pub reason: Reason,
    /// What was found out all the same, such as what a server said.
    pub outputs: Box<Outputs>,
}

impl StepError {
    /// Makes an error without advice.
    pub fn new(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        Self::for_reason(kind, Reason::new(code, message))
    }

    /// Makes an error of a reason.
    pub fn for_reason(kind: ErrorKind, reason: Reason) -> Self {
        Self {
            kind,
            reason,
            outputs: Box::default(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.reason = self.reason.advise(advice);
        self
    }
}
