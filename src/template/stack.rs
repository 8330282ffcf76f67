//! Where templates are compiled and rendered: those of a policy on a thread whose stack is as large as they need, however
//! small the caller's is; a panic is an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::TemplateError;

/// The size of the stack of that thread, in bytes; only what is used of it takes memory. The most deeply nested
/// template that [`bounds`](super::bounds) lets through needs a quarter of it in a debug build.
const SIZE: usize = 16 << 20;

/// Whose stack a template is rendered on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stack {
    /// The caller's: for templates of the program, which are nested a few levels deep. A thread for each of them would be
    /// a tenth of a millisecond of every run.
    Callers,
    /// One of its own: for templates of a policy.
    Own,
}

/// Does `work` on `stack`.
pub(super) fn on_stack<T: Send>(
    stack: Stack,
    work: impl FnOnce() -> Result<T, TemplateError> + Send,
) -> Result<T, TemplateError> {
    let done = match stack {
        Stack::Callers => catch_unwind(AssertUnwindSafe(work)),
        Stack::Own => thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(SIZE);
            let thread = thread
                .spawn_scoped(scope, work)
                .map_err(|error| TemplateError::NoThread(error.to_string()))?;
            Ok(thread.join())
        })?,
    };
    done.unwrap_or_else(|_| {
        Err(TemplateError::Failed(
            "the template met a bug of its engine".into(),
        ))
    })
}
