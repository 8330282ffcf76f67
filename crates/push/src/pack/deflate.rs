//! Compresses the objects of a pack, never much worse than zlib's own default level does.
//!
//! The compressor numbers its levels as zlib does, but its level 6 is another method than zlib's: it does not
//! look whether a match one byte later is longer, and of all its levels only 9 finds matches of three bytes,
//! which is what the trees of a repository are full of. So small objects are deflated at level 9, and large
//! ones, where that would take long and gain nothing, at level 7, the first that looks ahead.

use gix::zlib::stream::deflate::{Compress, FlushCompress};
use gix::zlib::{Compression, Status};

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
const PIECE: usize = 1 << 16;

/// Deflates one object after the other.
pub(super) struct Deflater {
    /// How many bytes may yet be deflated in both ways.
    left: usize,
    lazy: Compress,
    /// Made when it is needed first.
    best: Option<Compress>,
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
            lazy: Compress::new(level(LAZY_LEVEL)),
            best: None,
            piece: vec![0; PIECE],
            other: Vec::new(),
        }
    }

    /// Deflates an object or a delta into memory.
    pub(super) fn deflate(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), PackError> {
        out.clear();
        let both = data.len() <= self.left;
        if data.len() <= BEST_LEVEL_MAX || both {
            let best = self
                .best
                .get_or_insert_with(|| Compress::new(level(BEST_LEVEL)));
            best.reset();
            run(
                best,
                &mut self.piece,
                data,
                FlushCompress::Finish,
                &mut |piece| {
                    out.extend_from_slice(piece);
                    Ok(())
                },
            )?;
            if !both {
                return Ok(());
            }
            self.left -= data.len();
        }
        let mut other = std::mem::take(&mut self.other);
        other.clear();
        self.start();
        let flush = FlushCompress::Finish;
        run(&mut self.lazy, &mut self.piece, data, flush, &mut |piece| {
            other.extend_from_slice(piece);
            Ok(())
        })?;
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
        self.start();
        let flush = FlushCompress::Finish;
        run(&mut self.lazy, &mut self.piece, data, flush, &mut put)
    }

    /// Begins an object that comes in pieces.
    pub(super) fn start(&mut self) {
        self.lazy.reset();
    }

    /// Deflates one more piece.
    pub(super) fn feed(
        &mut self,
        data: &[u8],
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let flush = FlushCompress::None;
        run(&mut self.lazy, &mut self.piece, data, flush, put)
    }

    /// Ends an object that came in pieces.
    pub(super) fn end(
        &mut self,
        put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let flush = FlushCompress::Finish;
        run(&mut self.lazy, &mut self.piece, &[], flush, put)
    }
}

/// Every number that is asked for here is a level.
fn level(number: i32) -> Compression {
    Compression::new(number).unwrap_or_default()
}

/// Gives the compressor everything, and hands on what comes out of it.
fn run(
    compress: &mut Compress,
    piece: &mut [u8],
    data: &[u8],
    flush: FlushCompress,
    put: &mut impl FnMut(&[u8]) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let mut rest = data;
    loop {
        let (read, written) = (compress.total_in(), compress.total_out());
        let status = compress
            .compress(rest, piece, flush)
            .map_err(PackError::Encode)?;
        let length = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(0);
        let done = length(compress.total_out(), written);
        rest = rest
            .get(length(compress.total_in(), read)..)
            .unwrap_or_default();
        put(piece.get(..done).unwrap_or_default())?;
        let fed = flush == FlushCompress::None && rest.is_empty() && done < piece.len();
        if fed || status == Status::StreamEnd {
            return Ok(());
        }
    }
}
