//! The steps: one file for each kind. To add one, write a file that exports a `STEP`, and add two
//! lines here.

mod a2a_instructions;
mod brief_summary;
mod delegation_results;
mod error_classify;
mod error_sanitize;
mod exec;
mod heartbeat_clear;
mod heartbeat_set;
mod http;
mod mcp_server_path;
mod memory_commit;
mod memory_recall;
mod message_text;
mod pr_create;
mod push;
mod redact;
mod system_prompt;

use std::time::Duration;

use crate::names::RemoteName;
use crate::pipeline::{
    Context, DeliveryOutcome, ErrorKind, NOT_KEPT, Outcome, Outputs, Service, StepDef, StepError,
    TextStep,
};
use crate::platform::PlatformError;
use crate::policy::{Policy, PolicyError, Trigger};
use crate::reason::Code;
use crate::report::SOURCE;
use crate::template::Template;

pub use push::advice as push_advice;
pub use push::{CLOSE, ClosePullRequest, TAKE_BACK, TakeBack};

/// Every kind of step, in the order of the reference page.
pub const STEPS: &[StepDef] = &[
    memory_commit::STEP,
    memory_recall::STEP,
    heartbeat_set::STEP,
    heartbeat_clear::STEP,
    delegation_results::STEP,
    system_prompt::STEP,
    a2a_instructions::STEP,
    mcp_server_path::STEP,
    brief_summary::STEP,
    message_text::STEP,
    error_classify::STEP,
    error_sanitize::STEP,
    redact::STEP,
    push::STEP,
    pr_create::STEP,
    exec::STEP,
    http::STEP,
];

/// Returns the service that steps of a kind need; `None` for a kind that needs none or is not known.
pub fn service_of(kind: &str) -> Option<Service> {
    let def = STEPS.iter().find(|def| def.name == kind);
    def.and_then(StepDef::service)
}

/// Returns the remote that `steps.push.remote` names, or `None` for `auto`: the guards need it before any step runs.
pub fn push_remote(policy: &Policy) -> Result<Option<RemoteName>, PolicyError> {
    Ok(policy.step("push").read::<push::Push>()?.remote().cloned())
}

/// Returns the remote that `steps.pr-create.remote` names, or `None` for `auto`.
pub fn pull_request_remote(policy: &Policy) -> Result<Option<RemoteName>, PolicyError> {
    let read = policy.step("pr-create").read::<pr_create::PrCreate>()?;
    Ok(read.remote().cloned())
}

/// Returns how long a commit must be the newest before a worker pushes it. A policy that cannot be read is reported
/// by the run.
pub fn push_settle(policy: &Policy) -> Duration {
    let read = policy.step("push").read::<push::Push>();
    read.map_or(Duration::ZERO, |push| push.settle())
}

/// Says whether a branch that was rewritten may replace what was pushed, when `trigger` asks.
pub fn push_rewrites(policy: &Policy, trigger: Trigger) -> bool {
    let read = policy.step("push").read::<push::Push>();
    read.is_ok_and(|push| push.rewrites(trigger))
}

/// Converts an error of the platform.
fn platform_error(error: &PlatformError) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    StepError::new(kind, error.code(), error.to_string()).advise(error.advice())
}

/// Converts the outcome of a delivery to that of the step.
fn outcome(sent: DeliveryOutcome, summary: &str) -> Result<Outcome, StepError> {
    match sent {
        DeliveryOutcome::Delivered(id) => {
            let mut outputs = Outputs::new();
            outputs.extend(id.map(|id| ("id".to_owned(), id.into())));
            Ok(Outcome::Done {
                summary: summary.into(),
                outputs,
            })
        }
        DeliveryOutcome::Queued(mut reason) => {
            let again = "it is sent again by itself; to try now: sendoff flush";
            let advice = match reason.advice.take() {
                Some(first) => format!("{first}; {again}"),
                None => again.to_owned(),
            };
            Ok(Outcome::Queued(reason.advise(advice)))
        }
        DeliveryOutcome::Refused(error) => Err(platform_error(&error)),
        DeliveryOutcome::NotKept(error, why) => {
            let mut lost = platform_error(&error);
            lost.reason.message = format!(
                "{}; it cannot be kept for later: {why}",
                lost.reason.message
            );
            lost.outputs.insert(NOT_KEPT.into(), true.into());
            Err(lost)
        }
        DeliveryOutcome::NotSent(why) => {
            let message = format!("not sent, because it cannot be kept first: {why}");
            let mut unsent = StepError::new(ErrorKind::Transient, Code::StoreUnavailable, message)
                .advise("a later run sends it; to try now: sendoff flush");
            unsent.outputs.insert(NOT_KEPT.into(), true.into());
            Err(unsent)
        }
    }
}

/// Returns the default text of a text step in a pipeline: the task's input.
fn task_input() -> Template {
    Template::built_in("{{ task.input or '' }}")
}

/// Runs a text step on the raw text of `--input`, or on its rendered template.
fn run_on_text(
    step: &impl TextStep,
    cx: &Context<'_>,
    template: &Template,
    summary: &str,
) -> Result<Outcome, StepError> {
    let text = match &cx.task.raw {
        Some(raw) => step.convert(raw)?,
        None => step.convert(&cx.render(template)?)?,
    };
    Ok(done_with_text(summary, text))
}

/// Makes a `Done` whose data is `text`.
fn done_with_text(summary: impl Into<String>, text: impl Into<String>) -> Outcome {
    let mut outputs = Outputs::new();
    outputs.insert("text".into(), text.into().into());
    Outcome::Done {
        summary: summary.into(),
        outputs,
    }
}
