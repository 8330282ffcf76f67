//! The stream of a pack: counted, hashed, written in large pieces, buffered until there is a receiver.

use std::io::Write;

use super::PackError;

/// So much is gathered before it is written, in bytes.
const CHUNK_SIZE: usize = 1 << 16;

/// Writes to the receiver of a pack, or buffers until there is one.
pub(super) struct Sink<'o> {
    /// None until there is a receiver.
    out: Option<&'o mut dyn Write>,
    held: Vec<u8>,
    hasher: gix::hash::Hasher,
    waiting: Vec<u8>,
    /// Bytes that were handed on.
    written: u64,
}

impl Sink<'_> {
    /// Buffers until there is a receiver.
    pub(super) fn new(kind: gix::hash::Kind) -> Self {
        Self {
            out: None,
            held: Vec::new(),
            hasher: gix::hash::hasher(kind),
            waiting: Vec::with_capacity(CHUNK_SIZE),
            written: 0,
        }
    }

    /// Writes what is buffered to `out`, and from now on everything.
    pub(super) fn through(mut self, out: &mut dyn Write) -> Result<Sink<'_>, PackError> {
        let held = std::mem::take(&mut self.held);
        out.write_all(&held)?;
        Ok(Sink {
            out: Some(out),
            held: Vec::new(),
            hasher: self.hasher,
            waiting: self.waiting,
            written: self.written,
        })
    }

    /// Returns how many bytes are buffered.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Adds bytes to the pack.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        for piece in bytes.chunks(CHUNK_SIZE) {
            if self.waiting.len() + piece.len() > CHUNK_SIZE {
                self.flush()?;
            }
            self.waiting.extend_from_slice(piece);
        }
        Ok(())
    }

    /// Adds the hash of all bytes; returns the size of the pack.
    pub(super) fn finish(mut self) -> Result<u64, PackError> {
        self.flush()?;
        let hash = self.hasher.try_finalize().map_err(PackError::Encode)?;
        if let Some(out) = self.out {
            out.write_all(hash.as_slice())?;
            out.flush()?;
        }
        Ok(self.written + hash.as_slice().len() as u64)
    }

    fn flush(&mut self) -> Result<(), PackError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.hasher.update(&self.waiting);
        match &mut self.out {
            Some(out) => out.write_all(&self.waiting)?,
            None => self.held.extend_from_slice(&self.waiting),
        }
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}
