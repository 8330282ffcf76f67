//! A large loose object: inflated, hashed and deflated again in pieces, never whole in memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;
use gix::zlib::{Decompress, FlushDecompress, Status};

use super::PackError;
use super::deflate::Deflater;
use crate::store::ObjectError;

/// A file up to this size inflates to 32 MiB at most, whatever it holds, in bytes.
pub(super) const SMALL_FILE: u64 = 32 << 10;
/// So much is read and inflated at once, in bytes.
const CHUNK_SIZE: usize = 1 << 16;
/// The longest header: a kind, a size, a zero byte.
const MAX_HEADER: usize = 64;

/// An open object of which the header was read.
pub(super) struct LargeLoose {
    pub(super) kind: Kind,
    /// The size of its content, in bytes.
    pub(super) size: u64,
    id: ObjectId,
    inflate: Inflater,
    hasher: gix::hash::Hasher,
    /// What follows the header in the first piece.
    first: Vec<u8>,
}

impl LargeLoose {
    /// Opens the object in a file; `None` when its content is no larger than `limit`.
    pub(super) fn open(path: &Path, id: ObjectId, limit: u64) -> Result<Option<Self>, PackError> {
        let failed = |error: std::io::Error| ObjectError::Read {
            id,
            why: gix::Error::from_error(error),
        };
        let file = File::open(path).map_err(failed)?;
        let mut inflate = Inflater::new(file, id);
        let mut piece = vec![0; CHUNK_SIZE];
        let length = inflate.read(&mut piece)?;
        piece.truncate(length);
        let head = piece.get(..MAX_HEADER.min(length)).unwrap_or_default();
        let (kind, size, header) =
            gix::objs::decode::loose_header(head).map_err(|_| ObjectError::Corrupt(id))?;
        if size <= limit {
            return Ok(None);
        }
        // An id is the hash of just these bytes, the header among them.
        let mut hasher = gix::hash::hasher(id.kind());
        hasher.update(&piece);
        piece.drain(..header);
        Ok(Some(Self {
            kind,
            size,
            id,
            inflate,
            hasher,
            first: piece,
        }))
    }

    /// Deflates the content and hands on the pieces; fails at the end when it is not what the id says.
    pub(super) fn deflate(
        mut self,
        deflater: &mut Deflater,
        mut put: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        deflater.start()?;
        let mut total = self.first.len() as u64;
        deflater.feed(&self.first, &mut put)?;
        let mut piece = vec![0; CHUNK_SIZE];
        loop {
            let length = self.inflate.read(&mut piece)?;
            let bytes = piece.get(..length).unwrap_or_default();
            total += bytes.len() as u64;
            if bytes.is_empty() || total > self.size {
                break;
            }
            self.hasher.update(bytes);
            deflater.feed(bytes, &mut put)?;
        }
        deflater.end(&mut put)?;
        let id = self.hasher.try_finalize().map_err(PackError::Encode)?;
        if total == self.size && id == self.id {
            Ok(())
        } else {
            Err(ObjectError::Corrupt(self.id).into())
        }
    }
}

/// Inflates a file piece by piece.
struct Inflater {
    file: File,
    id: ObjectId,
    state: Decompress,
    input: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl Inflater {
    fn new(file: File, id: ObjectId) -> Self {
        Self {
            file,
            id,
            state: Decompress::new(),
            input: vec![0; CHUNK_SIZE],
            start: 0,
            end: 0,
            ended: false,
        }
    }

    /// Fills the piece; returns fewer bytes only at the end.
    fn read(&mut self, piece: &mut [u8]) -> Result<usize, PackError> {
        let mut filled = 0;
        while filled < piece.len() && !self.ended {
            if self.start == self.end {
                self.start = 0;
                self.end = self
                    .file
                    .read(&mut self.input)
                    .map_err(|error| ObjectError::Read {
                        id: self.id,
                        why: gix::Error::from_error(error),
                    })?;
            }
            let input = self.input.get(self.start..self.end).unwrap_or_default();
            let at_end = input.is_empty();
            let output = piece.get_mut(filled..).unwrap_or_default();
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, output, FlushDecompress::None)
                .map_err(|_| ObjectError::Corrupt(self.id))?;
            let length = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(0);
            let written = length(self.state.total_out(), written);
            self.start += length(self.state.total_in(), read);
            filled += written;
            self.ended = status == Status::StreamEnd;
            if at_end && written == 0 && !self.ended {
                return Err(ObjectError::Corrupt(self.id).into());
            }
        }
        Ok(filled)
    }
}
