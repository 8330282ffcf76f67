//! What threads share: blocking work on a thread of its own, and locks.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Runs `work` on a thread of its own, with the caller's runtime. Returns its result, or the payload of its panic.
///
/// Tokio's `spawn_blocking` panics when the system refuses another thread; this returns an error.
pub async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::Result<T>> {
    let (tell, told) = oneshot::channel();
    let runtime = Handle::current();
    thread::Builder::new().spawn(move || {
        let _entered = runtime.enter();
        // The receiver is gone when the caller was dropped.
        let _dropped = tell.send(catch_unwind(AssertUnwindSafe(work)));
    })?;
    told.await.map_err(io::Error::other)
}

/// Runs `work` like [`on_own_thread`]. The flag that it gets is set when the returned future is dropped.
pub async fn until_dropped<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> io::Result<thread::Result<T>> {
    let stop = SetOnDrop(Arc::default());
    let seen = Arc::clone(&stop.0);
    on_own_thread(move || work(&seen)).await
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Locks a mutex, also one whose holder panicked: the values behind ours are never left half-written.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
