//! Where templates are compiled and rendered: on a thread whose stack is as large as they need, however
//! small the caller's is, and a panic of which is an error.

use std::thread;

use super::TemplateError;

/// The stack of that thread, in bytes; only what is used of it takes memory. The most deeply nested
/// template that [`bounds`](super::bounds) lets through needs a quarter of it in a debug build.
const STACK: usize = 16 << 20;

/// Does `work` on a stack of its own.
pub(super) fn on_own_stack<T: Send>(
    work: impl FnOnce() -> Result<T, TemplateError> + Send,
) -> Result<T, TemplateError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread
            .spawn_scoped(scope, work)
            .map_err(|error| TemplateError::NoThread(error.to_string()))?;
        thread.join().unwrap_or_else(|_| {
            Err(TemplateError::Failed(
                "the template met a bug of its engine".into(),
            ))
        })
    })
}
