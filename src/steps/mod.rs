//! The steps: one file each, named after its kind. To add one: a file that exports a `STEP`, and
//! two lines here.

mod heartbeat_clear;
mod heartbeat_set;
mod memory_commit;
mod memory_recall;
mod pr_create;
mod push;

use crate::names::RemoteName;
use crate::pipeline::{ErrorKind, StepDef, StepError};
use crate::platform::PlatformError;
use crate::policy::{Policy, PolicyError};

/// Every kind of step, in the order of the reference page.
pub const STEPS: &[StepDef] = &[
    memory_commit::STEP,
    memory_recall::STEP,
    heartbeat_set::STEP,
    heartbeat_clear::STEP,
    push::STEP,
    pr_create::STEP,
];

/// Returns the remote that `steps.push.remote` names, or nothing for `auto`: the guards look at the
/// remote before any step runs.
pub fn push_remote(policy: &Policy) -> Result<Option<RemoteName>, PolicyError> {
    Ok(policy
        .step("push")
        .read::<push::Push>()?
        .remote
        .name()
        .cloned())
}

/// Puts a failure of the platform in the words of the report.
fn platform_error(error: &PlatformError) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    let mut told = StepError::new(kind, error.code(), error.to_string());
    told.advice = Some(error.advice().into());
    told
}
