//! Writes one entry: a copy, a delta, or a whole object, deflated here or before.

use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};
use gix::odb::pack::data::entry::Header;

use super::large::{LargeLoose, SMALL_FILE};
use super::writer::{Base, Writer};
use super::{MAX_DELTA_SIZE, PackError, WEIGHED};
use crate::commands::DeltaBase;
use crate::objects::Selected;
use crate::store::{ObjectError, Place, Stored};

/// The deflated bytes of an entry.
#[derive(Clone, Copy)]
pub(super) enum Packed<'p> {
    /// Made here.
    Fresh(&'p [u8]),
    /// Copied from a pack.
    Stored(&'p Stored),
}

impl Writer<'_, '_> {
    /// Writes a delta that was made here, unless the whole object turns out smaller.
    pub(super) fn write_fresh(
        &mut self,
        object: Selected,
        base: Base,
        delta: &[u8],
        stored: Option<&Stored>,
    ) -> Result<u16, PackError> {
        let mut packed = Vec::new();
        self.deflater.deflate(delta, &mut packed)?;
        let name = self.name_of(base);
        if let Some(stored) = stored
            && stored.data().len() <= packed.len() + name
        {
            return self.write_whole(object.kind, stored.size, Packed::Stored(stored));
        }
        let wins = |whole: usize| whole <= packed.len() + name;
        if let Some(target) = self
            .recent
            .find(object.id)
            .filter(|target| target.len() <= WEIGHED && wins(least_deflated(object, target)))
        {
            let size = target.len() as u64;
            let mut whole = Vec::new();
            self.deflater.deflate(target, &mut whole)?;
            if wins(whole.len()) {
                return self.write_whole(object.kind, size, Packed::Fresh(&whole));
            }
        }
        self.write_delta(base, delta.len() as u64, Packed::Fresh(&packed))
    }

    /// Writes a delta; returns its depth.
    pub(super) fn write_delta(
        &mut self,
        base: Base,
        size: u64,
        packed: Packed<'_>,
    ) -> Result<u16, PackError> {
        let (header, depth) = match base {
            Base::Sent { offset, depth, id } => {
                let header = match self.options.delta_base {
                    DeltaBase::Offset => Header::OfsDelta {
                        base_distance: self.sink.offset() - offset,
                    },
                    DeltaBase::Id => Header::RefDelta { base_id: id },
                };
                (header, depth + 1)
            }
            Base::Known(base_id) => (Header::RefDelta { base_id }, 1),
        };
        self.stats.deltas += 1;
        self.write_entry(header, size, packed)?;
        Ok(depth)
    }

    /// Writes a whole object whose bytes are deflated already.
    pub(super) fn write_whole(
        &mut self,
        kind: Kind,
        size: u64,
        packed: Packed<'_>,
    ) -> Result<u16, PackError> {
        self.write_entry(header_of(kind), size, packed)?;
        Ok(0)
    }

    fn write_entry(
        &mut self,
        header: Header,
        size: u64,
        packed: Packed<'_>,
    ) -> Result<(), PackError> {
        let mut head = Vec::with_capacity(32);
        header.write_to(size, &mut head)?;
        self.sink.put(&head)?;
        match packed {
            Packed::Fresh(bytes) => self.sink.put(bytes),
            Packed::Stored(stored) => {
                self.stats.reused += 1;
                let sink = &mut self.sink;
                self.plan.store.copy(stored, |piece| sink.put(piece))
            }
        }
    }

    /// Opens a loose object that is too large to be held.
    pub(super) fn large_loose(
        &self,
        id: ObjectId,
        place: Place,
    ) -> Result<Option<LargeLoose>, PackError> {
        let Place::Loose { length } = place else {
            return Ok(None);
        };
        if length <= SMALL_FILE {
            return Ok(None);
        }
        match self.plan.store.loose().file(&id) {
            Some(file) => LargeLoose::open(&file, id, MAX_DELTA_SIZE as u64),
            // It may have been packed since it was found: reading it will tell.
            None => Ok(None),
        }
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
        let mut head = Vec::with_capacity(32);
        header_of(object.kind).write_to(large.size, &mut head)?;
        self.sink.put(&head)?;
        let sink = &mut self.sink;
        large.deflate(&mut self.deflater, |piece| sink.put(piece))?;
        Ok(0)
    }

    /// Writes a whole object that was read.
    pub(super) fn write_deflated(
        &mut self,
        number: usize,
        object: Selected,
    ) -> Result<u16, PackError> {
        if self.recent.find(object.id).is_none() {
            let content = self.read_as(number, object)?;
            self.recent.push(object.id, content);
        }
        let content = self
            .recent
            .find(object.id)
            .ok_or(ObjectError::Missing(object.id))?;
        let mut head = Vec::with_capacity(32);
        header_of(object.kind).write_to(content.len() as u64, &mut head)?;
        self.sink.put(&head)?;
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
