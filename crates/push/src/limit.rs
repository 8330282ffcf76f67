//! `Limited`: counts what leaves, and ends a pack that grows past what the policy lets out.

use std::io::{self, Write};

use crate::progress::Progress;

/// Writes at most so many bytes, then fails. A pack without its end changes no ref.
pub(super) struct Limited<'a> {
    out: &'a mut dyn Write,
    limit: u64,
    written: u64,
    exceeded: bool,
    progress: &'a dyn Progress,
}

impl<'a> Limited<'a> {
    /// Passes on at most `limit` bytes, and reports them to `progress`.
    pub(super) fn new(out: &'a mut dyn Write, limit: u64, progress: &'a dyn Progress) -> Self {
        Self {
            out,
            limit,
            written: 0,
            exceeded: false,
            progress,
        }
    }

    /// Says whether a write was refused because of the limit.
    pub(super) const fn is_exceeded(&self) -> bool {
        self.exceeded
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.limit - self.written {
            self.exceeded = true;
            return Err(io::Error::other("the pack is larger than it may be"));
        }
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        self.progress.sent(self.written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
