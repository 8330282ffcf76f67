//! `interruptible`: runs blocking work for a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::reason::Code;
use crate::secrets::{clean_line, redact};

use super::outcome::{ErrorKind, StepError};

/// Runs `work` on its own thread; the flag that it gets is set when the step is dropped.
///
/// A panic in `work` becomes an error of the kind [`ErrorKind::Internal`].
pub async fn interruptible<T, F>(work: F) -> Result<T, StepError>
where
    F: FnOnce(&AtomicBool) -> T + Send + 'static,
    T: Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let raise = Raise(Arc::clone(&stop));
    let done = tokio::task::spawn_blocking(move || work(&stop)).await;
    drop(raise);
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => panicked(panic.as_ref()),
        Err(error) => StepError::new(ErrorKind::Internal, Code::Internal, error.to_string()),
    })
}

/// Sets the flag when the waiting future is dropped.
struct Raise(Arc<AtomicBool>);

impl Drop for Raise {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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
