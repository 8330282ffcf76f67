//! The stream of a pack: counted, hashed, written in large pieces.

use std::io::Write;

use super::PackError;
use crate::git::push::progress::Progress;

/// So much is gathered before it is written, in bytes.
const PIECE: usize = 1 << 16;

/// Where the pack goes.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
    hasher: gix::hash::Hasher,
    waiting: Vec<u8>,
    /// Bytes that were handed on.
    written: u64,
    progress: &'a dyn Progress,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        out: &'a mut dyn Write,
        kind: gix::hash::Kind,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            out,
            hasher: gix::hash::hasher(kind),
            waiting: Vec::with_capacity(PIECE),
            written: 0,
            progress,
        }
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Adds bytes to the pack.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        for piece in bytes.chunks(PIECE) {
            if self.waiting.len() + piece.len() > PIECE {
                self.flush()?;
            }
            self.waiting.extend_from_slice(piece);
        }
        Ok(())
    }

    /// Adds the hash of all bytes; returns the size of the pack.
    pub(super) fn finish(mut self) -> Result<u64, PackError> {
        self.flush()?;
        let hasher = std::mem::replace(&mut self.hasher, gix::hash::hasher(gix::hash::Kind::Sha1));
        let hash = hasher.try_finalize().map_err(PackError::Encode)?;
        self.out.write_all(hash.as_slice())?;
        self.out.flush()?;
        self.written += hash.as_slice().len() as u64;
        self.progress.sent(self.written);
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), PackError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.hasher.update(&self.waiting);
        self.out.write_all(&self.waiting)?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        self.progress.sent(self.written);
        Ok(())
    }
}
