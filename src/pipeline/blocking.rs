//! `interruptible`: runs blocking work for a step.

use std::sync::atomic::AtomicBool;

use crate::reason::{Code, Reason};
use crate::secrets::{clean_line, redact};
use crate::threads::until_dropped;

use super::outcome::{ErrorKind, StepError};

/// Runs `work` on its own thread. The flag that it gets is set when the step is dropped.
///
/// A panic in `work` becomes an error of the kind [`ErrorKind::Internal`].
pub async fn interruptible<T, F>(work: F) -> Result<T, StepError>
where
    F: FnOnce(&AtomicBool) -> T + Send + 'static,
    T: Send + 'static,
{
    let done = until_dropped(work).await;
    done.map_err(|error| no_thread(&error.to_string()))?
        .map_err(|panic| panicked(panic.as_ref()))
}

/// Makes the error for a thread that the system refused to start. A later try can succeed.
pub(super) fn no_thread(refusal: &str) -> StepError {
    StepError::for_reason(ErrorKind::Transient, Reason::no_thread(refusal))
}

/// Makes an error from the payload of a panic.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> StepError {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    StepError::new(
        ErrorKind::Internal,
        Code::Internal,
        format!("the step panicked: {}", clean_line(&redact(message))),
    )
    .advise("this is a bug in sendoff; please report it with the output of `-v`")
}
