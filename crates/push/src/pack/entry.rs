//! Writes one entry: a copy, a delta, or a whole object, deflated here or before.

use std::io::Write;

use gix::objs::{Kind, TreeRefIter};
use gix::odb::pack::data::entry::Header;

use super::base::Base;
use super::deflate::Deflater;
use super::delta_search::name_length;
use super::large::LargeLoose;
use super::sink::Sink;
use super::{PackError, PackStats, SMALL_OBJECT};
use crate::commands::DeltaBase;
use crate::objects::Selected;
use crate::store::{ObjectError, Packs, Stored};

/// The deflated bytes of an entry.
#[derive(Clone, Copy)]
enum Packed<'p> {
    /// Made here.
    Fresh(&'p [u8]),
    /// Copied from a pack.
    Stored(&'p Stored),
}

/// Writes entries, and counts them. Each method returns the depth of the chain that the entry ends.
pub(super) struct EntryWriter<'a, 'o> {
    packs: &'a Packs,
    delta_base: DeltaBase,
    deflater: Deflater,
    pub(super) sink: Sink<'o>,
    pub(super) stats: PackStats,
}

impl<'a, 'o> EntryWriter<'a, 'o> {
    /// Begins behind what `sink` has already.
    pub(super) fn new(
        packs: &'a Packs,
        delta_base: DeltaBase,
        deflater: Deflater,
        sink: Sink<'o>,
    ) -> Self {
        Self {
            packs,
            delta_base,
            deflater,
            sink,
            stats: PackStats::default(),
        }
    }

    /// Writes what was buffered to `out`, and from now on everything.
    pub(super) fn through(self, out: &mut dyn Write) -> Result<EntryWriter<'a, '_>, PackError> {
        Ok(EntryWriter {
            packs: self.packs,
            delta_base: self.delta_base,
            deflater: self.deflater,
            sink: self.sink.through(out)?,
            stats: self.stats,
        })
    }

    /// Writes a delta that was made here, unless the whole object turns out smaller: as it is stored, or as `target`,
    /// its content.
    pub(super) fn write_fresh(
        &mut self,
        object: Selected,
        (base, delta): (Base, &[u8]),
        stored: Option<&Stored>,
        target: Option<&[u8]>,
    ) -> Result<u16, PackError> {
        let mut packed = Vec::new();
        self.deflater.deflate(delta, &mut packed)?;
        let name = name_length(base, self.delta_base);
        let wins = |whole: usize| whole <= packed.len() + name;
        if let Some(stored) = stored
            && wins(stored.data().len())
        {
            return self.write_stored(object.kind, stored);
        }
        if let Some(target) = target
            && target.len() <= SMALL_OBJECT
            && wins(least_deflated(object, target))
        {
            let mut whole = Vec::new();
            self.deflater.deflate(target, &mut whole)?;
            if wins(whole.len()) {
                let size = target.len() as u64;
                self.write_entry(header_of(object.kind), size, Packed::Fresh(&whole))?;
                return Ok(0);
            }
        }
        self.write_delta(base, delta.len() as u64, Packed::Fresh(&packed))
    }

    /// Writes a delta as it is stored.
    pub(super) fn write_stored_delta(
        &mut self,
        base: Base,
        stored: &Stored,
    ) -> Result<u16, PackError> {
        self.write_delta(base, stored.size, Packed::Stored(stored))
    }

    /// Writes a whole object as it is stored.
    pub(super) fn write_stored(&mut self, kind: Kind, stored: &Stored) -> Result<u16, PackError> {
        self.write_entry(header_of(kind), stored.size, Packed::Stored(stored))?;
        Ok(0)
    }

    fn write_delta(&mut self, base: Base, size: u64, packed: Packed<'_>) -> Result<u16, PackError> {
        let (header, depth) = match base {
            Base::InPack { offset, depth, id } => {
                let header = match self.delta_base {
                    DeltaBase::Offset => Header::OfsDelta {
                        base_distance: self.sink.offset() - offset,
                    },
                    DeltaBase::Id => Header::RefDelta { base_id: id },
                };
                (header, depth + 1)
            }
            Base::External(base_id) => (Header::RefDelta { base_id }, 1),
        };
        self.stats.deltas += 1;
        self.write_entry(header, size, packed)?;
        Ok(depth)
    }

    fn write_entry(
        &mut self,
        header: Header,
        size: u64,
        packed: Packed<'_>,
    ) -> Result<(), PackError> {
        self.write_header(header, size)?;
        match packed {
            Packed::Fresh(bytes) => self.sink.put(bytes),
            Packed::Stored(stored) => {
                self.stats.reused += 1;
                let sink = &mut self.sink;
                self.packs.copy(stored, |piece| sink.put(piece))
            }
        }
    }

    fn write_header(&mut self, header: Header, size: u64) -> Result<(), PackError> {
        let mut head = Vec::with_capacity(32);
        header.write_to(size, &mut head)?;
        self.sink.put(&head)
    }

    /// Writes a large loose object in a stream.
    pub(super) fn write_large(
        &mut self,
        object: Selected,
        large: LargeLoose,
    ) -> Result<u16, PackError> {
        if large.kind != object.kind {
            return Err(ObjectError::Corrupt(object.id).into());
        }
        self.write_header(header_of(object.kind), large.size)?;
        let sink = &mut self.sink;
        large.deflate(&mut self.deflater, |piece| sink.put(piece))?;
        Ok(0)
    }

    /// Writes a whole object.
    pub(super) fn write_whole(&mut self, kind: Kind, content: &[u8]) -> Result<u16, PackError> {
        self.write_header(header_of(kind), content.len() as u64)?;
        let sink = &mut self.sink;
        self.deflater.deflate_to(content, |piece| sink.put(piece))?;
        Ok(0)
    }
}

/// Returns how small an object cannot become by deflating it: the ids in a tree are as good as random.
fn least_deflated(object: Selected, target: &[u8]) -> usize {
    if object.kind != Kind::Tree {
        return 0;
    }
    let entries = TreeRefIter::from_bytes(target, object.id.kind());
    let mut ids: Vec<_> = entries.flatten().map(|entry| entry.oid).collect();
    ids.sort_unstable();
    ids.dedup();
    // Some bits of one may be told by chance.
    ids.iter().map(|id| id.as_bytes().len() - 1).sum()
}

fn header_of(kind: Kind) -> Header {
    match kind {
        Kind::Commit => Header::Commit,
        Kind::Tree => Header::Tree,
        Kind::Blob => Header::Blob,
        Kind::Tag => Header::Tag,
    }
}
