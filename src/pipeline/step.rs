//! `Step`: the contract between the engine and a step.

use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::git::Repo;
use crate::policy::{Policy, Trigger};
use crate::reason::{Code, Reason};

use super::context::Context;

/// A step's outputs, as JSON. Templates and conditions use them as `steps[name].outputs`.
pub type Outputs = Map<String, Value>;

/// One unit of work. The type that implements this is also the step's settings.
///
/// A step can run twice, and late: it derives what to do from the repository and the servers, and
/// uses the facts of earlier steps only as a shortcut.
///
/// `?Send`, because a run uses one thread; blocking work goes through
/// [`interruptible`](super::interruptible).
#[async_trait(?Send)]
pub trait Step: Debug {
    /// Does what can be done before the step runs, such as a look-up on its own connection.
    ///
    /// Starts with the run, in parallel with earlier steps. Must have no effect outside the process, and
    /// stores its result in a source of the context, for [`run`](Self::run).
    async fn prepare(&self, _cx: &Context<'_>) {}

    /// Returns lines about the step for a plan. Reads files only.
    fn details(&self, _repo: &Repo, _policy: &Policy, _trigger: Trigger) -> Vec<String> {
        Vec::new()
    }

    /// Does the work.
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError>;
}

/// A step that converts a text and does nothing else, so that it can be used alone and many times in
/// one process.
pub trait TextStep: Debug {
    /// Converts `input`. An error describes what is wrong with it.
    fn convert(&self, input: &str) -> Result<String, StepError>;
}

/// A step's result without an error. A refusal by policy or state is a skip, not an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The work is done, or was found done.
    Done {
        /// One line.
        summary: String,
        /// The outputs.
        outputs: Outputs,
    },
    /// There is nothing to do, or it is not allowed.
    Skipped(Reason),
    /// It is kept for a later try.
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
    /// Nobody: it can be tried again later, as after a network error, a lock or a rate limit.
    Transient,
    /// The user: something was refused, or must be changed first.
    Denied,
    /// We: it is a bug.
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
}
