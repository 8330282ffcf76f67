//! The stream of a pack: counted, hashed, written in large pieces; and the compressor.

use std::io::Write;

use gix::zlib::Compression;
use gix::zlib::Status;
use gix::zlib::stream::deflate::Compress;
use gix::zlib::stream::deflate::FlushCompress;

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

/// Deflates one object after the other with one set of tables.
pub(super) struct Deflater {
    compress: Compress,
    piece: Vec<u8>,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self {
            compress: Compress::new(Compression::default()),
            piece: vec![0; PIECE],
        }
    }

    /// Deflates `data` whole and hands on the pieces.
    pub(super) fn deflate(
        &mut self,
        data: &[u8],
        mut put: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        self.start();
        self.run(data, FlushCompress::Finish, &mut put)
    }

    /// Begins an object that comes in pieces.
    pub(super) fn start(&mut self) {
        self.compress.reset();
    }

    /// Deflates one more piece.
    pub(super) fn feed(
        &mut self,
        data: &[u8],
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        self.run(data, FlushCompress::None, put)
    }

    /// Ends an object that came in pieces.
    pub(super) fn end(
        &mut self,
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        self.run(&[], FlushCompress::Finish, put)
    }

    fn run(
        &mut self,
        data: &[u8],
        flush: FlushCompress,
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let mut rest = data;
        loop {
            let (read, written) = (self.compress.total_in(), self.compress.total_out());
            let status = self
                .compress
                .compress(rest, &mut self.piece, flush)
                .map_err(PackError::Encode)?;
            let length = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(0);
            let done = length(self.compress.total_out(), written);
            rest = rest
                .get(length(self.compress.total_in(), read)..)
                .unwrap_or_default();
            put(self.piece.get(..done).unwrap_or_default())?;
            let fed = flush == FlushCompress::None && rest.is_empty() && done < self.piece.len();
            if fed || status == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    /// Deflates into memory.
    pub(super) fn deflate_to(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), PackError> {
        out.clear();
        self.deflate(data, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })
    }
}
