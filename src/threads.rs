//! `on_own_thread`: blocking work that a task waits for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Does `work` on a thread of its own, with the caller's runtime, and returns what it returned or the payload of its panic.
///
/// The runtime's own threads for such work panic where the machine refuses another one; here that is an error.
pub async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::Result<T>> {
    let (tell, told) = oneshot::channel();
    let runtime = Handle::current();
    thread::Builder::new().spawn(move || {
        let _entered = runtime.enter();
        // Whoever asked may have stopped waiting.
        let _dropped = tell.send(catch_unwind(AssertUnwindSafe(work)));
    })?;
    told.await.map_err(io::Error::other)
}
