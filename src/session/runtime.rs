//! Makes the async runtime of a run, after a check for free file descriptors.

use std::io;
use std::os::unix::net::UnixStream;

use tokio::runtime::{Builder, Runtime};

/// How many pairs of sockets have as many files as a runtime opens.
const SOCKET_PAIRS: usize = 3;

/// Makes a runtime, or says why the machine refuses it. tokio panics where it gets no socket for signals, so the
/// number of free files is tested first.
pub fn runtime() -> io::Result<Runtime> {
    let room: io::Result<Vec<_>> = (0..SOCKET_PAIRS).map(|_| UnixStream::pair()).collect();
    drop(room?);
    Builder::new_current_thread().enable_all().build()
}
