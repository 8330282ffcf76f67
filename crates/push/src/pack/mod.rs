//! The objects of a selection as a pack, streamed while it is made.
//!
//! What is stored in a pack is copied as it lies there, deltas too when their base is sent or known to the
//! server. Everything else is read, compared with its id, and written as a delta against what is at the same
//! path: the newest against what the server has, each older one against the one before it.

mod base;
mod base_search;
mod contents;
mod deflate;
mod delta_search;
mod effort;
mod entry;
mod large;
#[cfg(test)]
mod panics;
mod plan;
mod prefetch;
mod reuse;
mod sink;
mod window;
mod writer;

use std::io::Write;
use std::sync::atomic::AtomicBool;

use super::commands::{DeltaBase, Negotiated};
use super::objects::Selection;
use super::progress::Progress;
use super::store::{ObjectError, Reader, StoreError};
pub(super) use plan::Plan;
pub(super) use writer::Writer;

/// How the pack is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackOptions {
    /// How deltas name a base that is in the pack.
    pub delta_base: DeltaBase,
    /// Whether bases that only the server has may be used.
    pub thin: Thin,
}

impl PackOptions {
    /// What nearly every server wants.
    pub(super) const USUAL: Self = Self {
        delta_base: DeltaBase::Offset,
        thin: Thin::Allowed,
    };
}

impl From<&Negotiated> for PackOptions {
    fn from(negotiated: &Negotiated) -> Self {
        Self {
            delta_base: negotiated.delta_base,
            thin: if negotiated.thin {
                Thin::Allowed
            } else {
                Thin::Forbidden
            },
        }
    }
}

/// Whether a pack may hold deltas against objects that are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thin {
    /// It may: deltas against what the server is known to have.
    Allowed,
    /// It must stand alone.
    Forbidden,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PackStats {
    /// Objects in the pack.
    pub objects: u64,
    /// Bytes of the pack, header and trailer included.
    pub bytes: u64,
    /// Objects that are deltas.
    pub deltas: u64,
    /// Objects that were copied from a pack.
    pub reused: u64,
}

/// Why a pack cannot be written. Nothing that was sent of it by then has any effect on the server.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// An object that is needed cannot be had.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The object directories cannot be read.
    #[error("the object database cannot be read")]
    Store(#[from] StoreError),
    /// There are more objects than a pack can hold.
    #[error("there are too many objects for one pack")]
    TooMany,
    /// The pack cannot be compressed or hashed.
    #[error("the pack cannot be encoded")]
    Encode(#[source] gix::Error),
    /// The receiver of the bytes failed.
    #[error("the pack cannot be sent")]
    Write(#[from] std::io::Error),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Objects larger than this are not compared with others, and not held in memory where that can be helped, in
/// bytes.
const MAX_DELTA_SIZE: usize = 32 << 20;
/// Below this size the delta is weighed against the whole object, both deflated, in bytes.
const SMALL_OBJECT: usize = 4096;

/// Writes the pack of `selection` to `out`: header, objects, trailer.
///
/// That every object is here is checked before the first byte is written. No more is held in memory than
/// the objects of a delta, a few small ones, and an object that is stored as a delta but cannot be sent as one.
pub fn write(
    out: &mut dyn Write,
    repo: &gix::Repository,
    selection: &Selection,
    options: PackOptions,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<PackStats, PackError> {
    write_from(out, &Reader::new(repo)?, selection, options, progress, stop)
}

/// The same, with the objects that `reader` reads.
pub(super) fn write_from(
    out: &mut dyn Write,
    reader: &Reader,
    selection: &Selection,
    options: PackOptions,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<PackStats, PackError> {
    let plan = Plan::new(reader, selection, stop)?;
    Writer::new(reader, selection, &plan, options, progress)?.write_to(out, stop)
}
