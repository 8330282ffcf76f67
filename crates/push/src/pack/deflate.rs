//! Compresses the objects of a pack, never much worse than zlib's own default level does.
//!
//! The compressor numbers its levels as zlib does, but its level 6 is another method than zlib's: it does not
//! look whether a match one byte later is longer, and of all its levels only 9 finds matches of three bytes,
//! which is what the trees of a repository are full of. So small objects are deflated at level 9, and large
//! ones, where that would take long and gain nothing, at level 7, the first that looks ahead.

use zlib_rs::{Deflate, DeflateError, DeflateFlush, Status};

use super::PackError;
use super::effort::Effort;

/// The level that looks one byte ahead for a longer match.
const LAZY_LEVEL: i32 = 7;
/// The level that finds matches of three bytes.
const BEST_LEVEL: i32 = 9;
/// Up to this size those matches are worth their time, in bytes.
const BEST_LEVEL_MAX: usize = 16 << 10;
/// So much of one pack is deflated in both ways where bytes count, in bytes.
const BOTH_LEVELS_BUDGET: usize = 4 << 20;
/// Larger objects are not held deflated, in bytes.
const BUFFERED_MAX: usize = 1 << 20;
/// So much is handed on at once, in bytes.
const CHUNK_SIZE: usize = 1 << 16;

/// The bits of the window's size: 32 KiB, as git's.
const WINDOW_BITS: u8 = 15;

/// Deflates one object after the other.
pub(super) struct Deflater {
    /// How many bytes may yet be deflated in both ways.
    left: usize,
    /// One for both levels: it holds some 350 KB, most of a small push's memory. Made when it is needed first.
    stream: Option<Deflate>,
    piece: Vec<u8>,
    other: Vec<u8>,
}

impl Deflater {
    pub(super) fn new(effort: Effort) -> Self {
        Self {
            left: match effort {
                Effort::Least => 0,
                Effort::Most => BOTH_LEVELS_BUDGET,
            },
            stream: None,
            piece: vec![0; CHUNK_SIZE],
            other: Vec::new(),
        }
    }

    /// Deflates an object or a delta into memory.
    pub(super) fn deflate(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), PackError> {
        out.clear();
        let both = data.len() <= self.left;
        if data.len() <= BEST_LEVEL_MAX || both {
            self.whole(BEST_LEVEL, data, out)?;
            if !both {
                return Ok(());
            }
            self.left -= data.len();
        }
        let mut other = std::mem::take(&mut self.other);
        other.clear();
        self.whole(LAZY_LEVEL, data, &mut other)?;
        if out.is_empty() || other.len() < out.len() {
            std::mem::swap(out, &mut other);
        }
        self.other = other;
        Ok(())
    }

    /// Deflates a whole object and hands on the pieces.
    pub(super) fn deflate_to(
        &mut self,
        data: &[u8],
        mut put: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        if data.len() <= BUFFERED_MAX {
            let mut out = Vec::new();
            self.deflate(data, &mut out)?;
            return put(&out);
        }
        self.start()?;
        self.run(data, DeflateFlush::Finish, &mut put)
    }

    /// Deflates a whole object at one level.
    fn whole(&mut self, level: i32, data: &[u8], out: &mut Vec<u8>) -> Result<(), PackError> {
        self.start_at(level)?;
        self.run(data, DeflateFlush::Finish, &mut |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })
    }

    /// Begins an object that comes in pieces.
    pub(super) fn start(&mut self) -> Result<(), PackError> {
        self.start_at(LAZY_LEVEL)
    }

    fn start_at(&mut self, level: i32) -> Result<(), PackError> {
        if let Some(stream) = &mut self.stream {
            stream.reset();
            stream.set_level(level).map_err(encode_error)?;
        } else {
            self.stream = Some(Deflate::new(level, true, WINDOW_BITS));
        }
        Ok(())
    }

    /// Deflates one more piece.
    pub(super) fn feed(
        &mut self,
        data: &[u8],
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        self.run(data, DeflateFlush::NoFlush, put)
    }

    /// Ends an object that came in pieces.
    pub(super) fn end(
        &mut self,
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        self.run(&[], DeflateFlush::Finish, put)
    }

    /// Gives the stream that was started everything, and hands on what comes out of it.
    fn run(
        &mut self,
        data: &[u8],
        flush: DeflateFlush,
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let Some(stream) = &mut self.stream else {
            return Err(encode_error(DeflateError::StreamError));
        };
        let mut rest = data;
        loop {
            let (read, written) = (stream.total_in(), stream.total_out());
            let status = stream
                .compress(rest, &mut self.piece, flush)
                .map_err(encode_error)?;
            let length = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(0);
            let done = length(stream.total_out(), written);
            rest = rest
                .get(length(stream.total_in(), read)..)
                .unwrap_or_default();
            put(self.piece.get(..done).unwrap_or_default())?;
            let fed = flush == DeflateFlush::NoFlush && rest.is_empty() && done < self.piece.len();
            if fed || status == Status::StreamEnd {
                return Ok(());
            }
        }
    }
}

/// Says in the crate's words what the compressor has no words for.
fn encode_error(error: DeflateError) -> PackError {
    PackError::Encode(gix::Error::from_error(gix::error::message!(
        "the deflate stream failed: {error:?}"
    )))
}
