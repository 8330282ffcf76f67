//! `Step`: the contract between the engine and a step.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::policy::Policy;

use super::context::Context;
use super::outcome::{Outcome, Outputs, StepError};
use super::plan_view::PlanView;

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
    fn details(&self, _view: &PlanView<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Returns the expected outputs and requests for a plan, as far as they are known without a request.
    fn expected(&self, _view: &PlanView<'_>) -> Outputs {
        Outputs::new()
    }

    /// Returns a key with a mistake that would stop every run, although its value can be parsed.
    fn mistake(&self, _policy: &Policy) -> Option<(&'static str, StepError)> {
        None
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
