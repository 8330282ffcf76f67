//! The async runtime of a run, and whether there is room for it.

use std::io;
use std::os::unix::net::UnixStream;

use tokio::runtime::{Builder, Runtime};

/// How many pairs of sockets have as many files as a runtime opens.
const PAIRS: usize = 3;

/// Makes a runtime, or says why the machine refuses it. tokio panics where it gets no socket for signals, so the
/// number of free files is tested first.
pub fn runtime() -> io::Result<Runtime> {
    let room: io::Result<Vec<_>> = (0..PAIRS).map(|_| UnixStream::pair()).collect();
    drop(room?);
    Builder::new_current_thread().enable_all().build()
}
