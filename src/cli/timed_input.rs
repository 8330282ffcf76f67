//! Reading what may never come: the other end of a pipe can stay open without a word.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Reads once, as soon as there is something. Returns `None` where nothing comes until `until`, 0 at the end.
pub(super) fn read_until(
    from: impl AsFd,
    into: &mut [u8],
    until: Instant,
) -> io::Result<Option<usize>> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Ok(None),
            Ok(1..) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match rustix::io::read(&from, &mut *into) {
            Ok(count) => return Ok(Some(count)),
            // Another reader of the pipe was faster.
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
