//! `Limited`: ends a pack that grows past what the policy lets out.

use std::io::{self, Write};

/// Writes at most so many bytes, then fails. A pack without its end changes no ref.
pub(super) struct Limited<'a> {
    out: &'a mut dyn Write,
    left: u64,
}

impl<'a> Limited<'a> {
    /// Lets `limit` bytes through.
    pub(super) fn new(out: &'a mut dyn Write, limit: u64) -> Self {
        Self { out, left: limit }
    }

    /// Says whether a write was refused because of the limit.
    pub(super) const fn is_exceeded(&self) -> bool {
        self.left == 0
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = bytes.len() as u64;
        if wanted > self.left {
            self.left = 0;
            return Err(io::Error::other("the pack is larger than it may be"));
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
