//! Writes the entries: each is copied, made a delta, or deflated whole; a base always before its deltas.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;
use gix::objs::Find;
use gix::objs::Kind;
use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;

use super::PackError;
use super::PackOptions;
use super::PackStats;
use super::Thin;
use super::plan::Plan;
use super::sink::Deflater;
use super::sink::Sink;
use super::store::Place;
use super::store::Stored;
use crate::git::push::commands::DeltaBase;
use crate::git::push::delta;
use crate::git::push::objects::Selected;
use crate::git::push::objects::Selection;
use crate::git::push::progress::Progress;

/// The longest chain of deltas that we make, as git's default.
const MAX_DEPTH: u16 = 50;
/// The longest chain that a copied delta may end, as git's aggressive packing makes them.
const MAX_COPIED_DEPTH: u16 = 250;
/// Objects larger than this are not compared, in bytes.
const MAX_DELTA_SIZE: usize = 32 << 20;
/// Objects smaller than this are not worth a delta, in bytes.
const MIN_DELTA_SIZE: usize = 50;
/// Below this size the delta is weighed against the whole object, both deflated, in bytes.
const WEIGHED: usize = 4096;
/// The most bytes that decoded pack entries may take.
const PACK_CACHE: usize = 16 << 20;

/// What became of an object so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// It waits for the base that it was stored with.
    Pending,
    Written {
        offset: u64,
        depth: u16,
    },
}

/// The base of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// In the pack, at this offset.
    Sent {
        offset: u64,
        id: ObjectId,
        depth: u16,
    },
    /// Only at the server.
    Known(ObjectId),
}

/// How a stored delta can be used.
enum Copy<'s> {
    /// As it is, with this base.
    Now(Stored<'s>, Base),
    /// After this object.
    After(usize),
    /// As a whole object.
    Whole(Stored<'s>),
    /// Not at all: its base is not there for the server.
    No,
}

/// Writes one pack.
pub(super) struct Writer<'a> {
    selection: &'a Selection,
    plan: &'a Plan,
    options: PackOptions,
    progress: &'a dyn Progress,
    odb: gix::odb::Handle,
    sink: Sink<'a>,
    deflater: Deflater,
    states: Vec<State>,
    /// The last object that was read, and its content.
    last: Option<(ObjectId, Vec<u8>)>,
    stats: PackStats,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        out: &'a mut dyn Write,
        repo: &'a gix::Repository,
        selection: &'a Selection,
        plan: &'a Plan,
        options: PackOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self, PackError> {
        let mut odb = (*repo.objects).clone();
        odb.ignore_replacements = true;
        odb.set_pack_cache(|| {
            Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(
                PACK_CACHE,
            ))
        });
        let count = u32::try_from(selection.objects.len()).map_err(|_| PackError::TooMany)?;
        let mut sink = Sink::new(out, repo.object_hash(), progress);
        sink.put(&data::header::encode(data::Version::V2, count))?;
        Ok(Self {
            selection,
            plan,
            options,
            progress,
            odb,
            sink,
            deflater: Deflater::new(),
            states: vec![State::Waiting; selection.objects.len()],
            last: None,
            stats: PackStats::default(),
        })
    }

    /// Writes everything.
    pub(super) fn write_all(mut self, stop: &AtomicBool) -> Result<PackStats, PackError> {
        let mut waiting = Vec::new();
        for number in 0..self.selection.objects.len() {
            waiting.push(number);
            while let Some(number) = waiting.last().copied() {
                if stop.load(Ordering::Relaxed) {
                    return Err(PackError::Interrupted);
                }
                match self.write_one(number)? {
                    Some(base) => waiting.push(base),
                    None => {
                        waiting.pop();
                    }
                }
            }
        }
        self.stats.bytes = self.sink.finish()?;
        Ok(self.stats)
    }

    /// Writes one object, or returns the one that must be written first.
    fn write_one(&mut self, number: usize) -> Result<Option<usize>, PackError> {
        let (Some(object), Some(place), Some(state)) = (
            self.selection.objects.get(number).copied(),
            self.plan.places.get(number).copied(),
            self.states.get(number).copied(),
        ) else {
            return Ok(None);
        };
        if let State::Written { .. } = state {
            return Ok(None);
        }
        let offset = self.sink.offset();
        let depth = match self.copy_of(object.id, place)? {
            Copy::After(base) => {
                self.set(number, State::Pending);
                return Ok(Some(base));
            }
            Copy::Now(stored, base) => self.write_delta(base, stored.size, stored.data, true)?,
            Copy::Whole(stored) => {
                if stored.header.as_kind() != Some(object.kind) {
                    return Err(PackError::Corrupt(object.id));
                }
                match self.delta_for(number, object, Some(&stored))? {
                    Some((base, delta)) => self.write_fresh(object, base, &delta, Some(&stored))?,
                    None => self.write_whole(object.kind, stored.size, stored.data, true)?,
                }
            }
            Copy::No => match self.delta_for(number, object, None)? {
                Some((base, delta)) => self.write_fresh(object, base, &delta, None)?,
                None => self.write_deflated(object)?,
            },
        };
        self.set(number, State::Written { offset, depth });
        self.stats.objects += 1;
        self.progress
            .packed(self.stats.objects, self.selection.objects.len() as u64);
        Ok(None)
    }

    fn set(&mut self, number: usize, state: State) {
        if let Some(slot) = self.states.get_mut(number) {
            *slot = state;
        }
    }

    /// Says how the stored form of an object can be used.
    fn copy_of(&self, id: ObjectId, place: Place) -> Result<Copy<'a>, PackError> {
        let Place::Packed { pack, offset } = place else {
            return Ok(Copy::No);
        };
        let store = &self.plan.store;
        let stored = store.entry_of(id, pack, offset)?;
        if stored.header.is_base() {
            return Ok(Copy::Whole(stored));
        }
        let base = store
            .base_of(pack, offset, &stored)
            .ok_or(PackError::Corrupt(id))?;
        if let Some(number) = self.plan.numbers.get(&base).copied() {
            return Ok(match self.states.get(number) {
                Some(State::Written { offset, depth }) if *depth < MAX_COPIED_DEPTH => {
                    let (offset, depth) = (*offset, *depth);
                    Copy::Now(
                        stored,
                        Base::Sent {
                            offset,
                            id: base,
                            depth,
                        },
                    )
                }
                Some(State::Waiting) => Copy::After(number),
                // Two packs can store two objects as deltas of each other.
                _ => Copy::No,
            });
        }
        if self.options.thin == Thin::Allowed && self.selection.known.contains(&base) {
            return Ok(Copy::Now(stored, Base::Known(base)));
        }
        Ok(Copy::No)
    }

    /// Makes a delta against the best base at the same place; `None` when the whole object is better.
    fn delta_for(
        &mut self,
        number: usize,
        object: Selected,
        stored: Option<&Stored<'_>>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        if object.kind == Kind::Commit || object.kind == Kind::Tag {
            return Ok(None);
        }
        let worth = MIN_DELTA_SIZE as u64..=MAX_DELTA_SIZE as u64;
        if stored.is_some_and(|stored| !worth.contains(&stored.size)) {
            return Ok(None);
        }
        let Some(base) = self.base_for(number, object, stored.is_some()) else {
            return Ok(None);
        };
        let base_id = match base {
            Base::Sent { id, .. } | Base::Known(id) => id,
        };
        let base_content = match self.last.take() {
            Some((id, content)) if id == base_id => content,
            _ => match self.read(base_id) {
                Ok((_, content)) => content,
                // A base that the server has need not be here, and need not be intact.
                Err(_) if matches!(base, Base::Known(_)) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let (kind, target) = self.read(object.id)?;
        if kind != object.kind {
            return Err(PackError::Corrupt(object.id));
        }
        let mut delta = None;
        if base_content.len() <= MAX_DELTA_SIZE
            && (MIN_DELTA_SIZE..=MAX_DELTA_SIZE).contains(&target.len())
        {
            let max = (target.len() / 2).saturating_sub(20);
            delta = delta::encode(&base_content, &target, max);
        }
        self.last = Some((object.id, target));
        Ok(delta.map(|delta| (base, delta)))
    }

    /// Returns the object to compare with: the one before it at the same place, what the server has there,
    /// or something of the same name.
    fn base_for(&self, number: usize, object: Selected, whole: bool) -> Option<Base> {
        let previous = number.checked_sub(1)?;
        let before = self.selection.objects.get(previous)?;
        let sent = match self.states.get(previous) {
            Some(State::Written { offset, depth })
                if before.kind == object.kind
                    && *depth < MAX_DEPTH
                    && !(whole && self.share_pack(number, previous)) =>
            {
                Some(Base::Sent {
                    offset: *offset,
                    id: before.id,
                    depth: *depth,
                })
            }
            _ => None,
        };
        if before.place == object.place && sent.is_some() {
            return sent;
        }
        let thin = self.options.thin == Thin::Allowed;
        let known = &self.selection.known;
        let at_place = known.at_place(object.place).filter(|_| thin);
        if let Some(id) = at_place {
            return Some(Base::Known(id));
        }
        if before.name == object.name && sent.is_some() {
            return sent;
        }
        let at_name = known.at_name(object.name).filter(|_| thin);
        at_name.map(Base::Known)
    }

    /// Says whether both lie in one pack: whoever packed them has tried that delta.
    fn share_pack(&self, one: usize, other: usize) -> bool {
        match (self.plan.places.get(one), self.plan.places.get(other)) {
            (Some(Place::Packed { pack: one, .. }), Some(Place::Packed { pack: other, .. })) => {
                one == other
            }
            _ => false,
        }
    }

    /// Reads an object and compares it with its id.
    fn read(&self, id: ObjectId) -> Result<(Kind, Vec<u8>), PackError> {
        let mut content = Vec::new();
        let data = self
            .odb
            .try_find(&id, &mut content)
            .map_err(|source| PackError::Read { id, source })?
            .ok_or(PackError::Missing(id))?;
        data.verify_checksum(&id)
            .map_err(|_| PackError::Corrupt(id))?;
        let kind = data.kind;
        Ok((kind, content))
    }

    /// Writes a delta that was made here, unless the whole object turns out smaller.
    fn write_fresh(
        &mut self,
        object: Selected,
        base: Base,
        delta: &[u8],
        stored: Option<&Stored<'_>>,
    ) -> Result<u16, PackError> {
        let mut packed = Vec::new();
        self.deflater.deflate_to(delta, &mut packed)?;
        let name = match base {
            Base::Sent { .. } if self.options.delta_base == DeltaBase::Offset => 2,
            _ => object.id.as_slice().len(),
        };
        if let Some(stored) = stored
            && stored.data.len() <= packed.len() + name
        {
            return self.write_whole(object.kind, stored.size, stored.data, true);
        }
        if let Some((_, target)) = self
            .last
            .as_ref()
            .filter(|(_, target)| target.len() <= WEIGHED)
        {
            let size = target.len() as u64;
            let mut whole = Vec::new();
            self.deflater.deflate_to(target, &mut whole)?;
            if whole.len() <= packed.len() + name {
                return self.write_whole(object.kind, size, &whole, false);
            }
        }
        self.write_delta(base, delta.len() as u64, &packed, false)
    }

    /// Writes a delta; returns its depth.
    fn write_delta(
        &mut self,
        base: Base,
        size: u64,
        packed: &[u8],
        copied: bool,
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
        self.write_entry(header, size, packed, copied)?;
        Ok(depth)
    }

    fn write_whole(
        &mut self,
        kind: Kind,
        size: u64,
        packed: &[u8],
        copied: bool,
    ) -> Result<u16, PackError> {
        self.write_entry(header_of(kind), size, packed, copied)?;
        Ok(0)
    }

    fn write_entry(
        &mut self,
        header: Header,
        size: u64,
        packed: &[u8],
        copied: bool,
    ) -> Result<(), PackError> {
        let mut head = Vec::with_capacity(32);
        header.write_to(size, &mut head)?;
        self.sink.put(&head)?;
        self.sink.put(packed)?;
        self.stats.reused += u64::from(copied);
        Ok(())
    }

    /// Writes a whole object that was read.
    fn write_deflated(&mut self, object: Selected) -> Result<u16, PackError> {
        let content = match self.last.take() {
            Some((id, content)) if id == object.id => content,
            _ => {
                let (kind, content) = self.read(object.id)?;
                if kind != object.kind {
                    return Err(PackError::Corrupt(object.id));
                }
                content
            }
        };
        let mut head = Vec::with_capacity(32);
        header_of(object.kind).write_to(content.len() as u64, &mut head)?;
        self.sink.put(&head)?;
        let sink = &mut self.sink;
        self.deflater.deflate(&content, |piece| sink.put(piece))?;
        if content.len() <= MAX_DELTA_SIZE {
            self.last = Some((object.id, content));
        }
        Ok(0)
    }
}

fn header_of(kind: Kind) -> Header {
    match kind {
        Kind::Commit => Header::Commit,
        Kind::Tree => Header::Tree,
        Kind::Blob => Header::Blob,
        Kind::Tag => Header::Tag,
    }
}
