//! The async runtime of a run: made after a check for free file descriptors, ended within a limit.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::pipeline::Deadline;

/// How many pairs of sockets have as many files as a runtime opens.
const SOCKET_PAIRS: usize = 3;
/// How long to wait for threads that are still running after the run.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(250);
/// The same when the deadline has passed: what cannot be interrupted by then, such as the C library's resolver, is
/// left behind.
const LATE_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(15);

/// Makes a runtime, or says why the machine refuses it. tokio panics where it gets no socket for signals, so the
/// number of free files is tested first.
pub fn runtime() -> io::Result<Runtime> {
    let room: io::Result<Vec<_>> = (0..SOCKET_PAIRS).map(|_| UnixStream::pair()).collect();
    drop(room?);
    Builder::new_current_thread().enable_all().build()
}

/// Ends the runtime. A thread that still runs is told to end, gives back its locks and kills its children; one that is
/// stuck is left behind.
pub(super) fn end(runtime: Runtime, deadline: &Deadline) {
    runtime.shutdown_timeout(if deadline.is_over() {
        LATE_SHUTDOWN_TIMEOUT
    } else {
        SHUTDOWN_TIMEOUT
    });
}
