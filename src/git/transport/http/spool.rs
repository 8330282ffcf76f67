//! A request that is kept before it is sent: in memory up to a limit, beyond that in a temporary file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// How large the chunks are, in bytes.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;
/// How much of a request is kept in memory, in bytes.
const MAX_IN_MEMORY: u64 = 8 << 20;

/// Collects a request.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: BytesMut,
    /// Has no name, so that nothing of it is left, however the process ends.
    file: Option<File>,
    length: u64,
}

impl Spool {
    /// Adds bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        if self.length <= MAX_IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&std::mem::take(&mut self.memory))?;
        file.write_all(bytes)?;
        self.file = Some(file);
        Ok(())
    }

    /// Returns how many bytes were added.
    pub(super) const fn len(&self) -> u64 {
        self.length
    }

    /// Ends the collection.
    pub(super) fn finish(self) -> Spooled {
        match self.file {
            None => Spooled::Memory(self.memory.freeze()),
            Some(file) => Spooled::File {
                file: Arc::new(file),
                start: 0,
                length: self.length,
            },
        }
    }
}

/// What was collected. A clone reads it from where this one is.
#[derive(Debug, Clone)]
pub(super) enum Spooled {
    Memory(Bytes),
    File {
        file: Arc<File>,
        start: u64,
        length: u64,
    },
}

impl Spooled {
    /// Returns how many bytes are left.
    pub(super) const fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Says whether everything was taken.
    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a chunk off the front; none at the end.
    pub(super) fn next_chunk(&mut self) -> Option<io::Result<Bytes>> {
        let left = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let size = left.min(CHUNK_SIZE);
        if size == 0 {
            return None;
        }
        Some(match self {
            Self::Memory(bytes) => Ok(bytes.split_to(size)),
            Self::File {
                file,
                start,
                length,
            } => {
                let mut chunk = BytesMut::zeroed(size);
                file.read_exact_at(&mut chunk, *start).map(|()| {
                    *start += size as u64;
                    *length -= size as u64;
                    chunk.freeze()
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards that what is too large for memory comes back from the file as it went in, and twice.
    #[test]
    fn what_goes_in_comes_out_whether_it_is_kept_in_memory_or_in_a_file() {
        for pieces in [0, 1, 128, 200] {
            let mut spool = Spool::default();
            let mut whole = Vec::new();
            for piece in 0_u32..pieces {
                let bytes: Vec<u8> = (0_u32..70_001)
                    .flat_map(|at| (at ^ piece).to_le_bytes())
                    .collect();
                spool.push(&bytes).unwrap();
                whole.extend_from_slice(&bytes);
            }
            assert_eq!(spool.len(), whole.len() as u64);
            let kept = spool.finish();
            assert_eq!(matches!(kept, Spooled::File { .. }), pieces > 100);
            for _ in 0..2 {
                let mut again = kept.clone();
                let mut read = Vec::new();
                while let Some(chunk) = again.next_chunk() {
                    let chunk = chunk.unwrap();
                    assert!(chunk.len() <= CHUNK_SIZE);
                    read.extend_from_slice(&chunk);
                }
                assert!(read == whole && again.is_empty());
            }
        }
    }
}
