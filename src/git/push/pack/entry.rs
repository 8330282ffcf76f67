//! Writes the entries: each is copied, made a delta, or deflated whole; a base always before its deltas.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;
use gix::objs::Find;
use gix::objs::Kind;
use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;

use super::MAX_DELTA_SIZE;
use super::PackError;
use super::PackOptions;
use super::PackStats;
use super::Thin;
use super::bases::Round;
use super::deflate::Deflater;
use super::effort::Effort;
use super::large::LargeLoose;
use super::large::SMALL_FILE;
use super::plan::Plan;
use super::recent::Recent;
use super::sink::Sink;
use crate::git::push::commands::DeltaBase;
use crate::git::push::delta;
use crate::git::push::objects::Selected;
use crate::git::push::objects::Selection;
use crate::git::push::progress::Progress;
use crate::git::push::store::Place;
use crate::git::push::store::Reader;
use crate::git::push::store::Stored;

/// The longest chain that a copied delta may end, as git's aggressive packing makes them.
const MAX_COPIED_DEPTH: u16 = 250;
/// Objects smaller than this are not worth a delta, in bytes.
const MIN_DELTA_SIZE: usize = 50;
/// Below this size the delta is weighed against the whole object, both deflated, in bytes.
const WEIGHED: usize = 4096;
/// Objects larger than this are not compared with others than those at their place, in bytes.
const SEARCHED: usize = 64 << 10;
/// In a pack of many objects so much is compared with more than one base, in bytes.
const PATIENCE: usize = 32 << 20;
/// A delta up to this size is good, in bytes.
const FINE: usize = 128;
/// A delta larger than this part of its object is reason to look elsewhere too.
const POOR: usize = 32;

/// What became of an object so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    /// It waits for the base that it was stored with, or for a larger one.
    Pending,
    Written {
        offset: u64,
        depth: u16,
    },
}

/// The base of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
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

/// The deflated bytes of an entry.
#[derive(Clone, Copy)]
enum Packed<'p> {
    /// Made here.
    Fresh(&'p [u8]),
    /// Copied from a pack.
    Stored(&'p Stored<'p>),
}

/// Writes one pack.
pub(super) struct Writer<'a> {
    pub(super) selection: &'a Selection,
    pub(super) plan: &'a Plan<'a>,
    pub(super) options: PackOptions,
    progress: &'a dyn Progress,
    reader: &'a Reader,
    sink: Sink<'a>,
    deflater: Deflater,
    pub(super) states: Vec<State>,
    pub(super) recent: Recent,
    /// How many bytes of objects may yet be compared with a second base and more.
    patience: usize,
    stats: PackStats,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        out: &'a mut dyn Write,
        reader: &'a Reader,
        selection: &'a Selection,
        plan: &'a Plan<'a>,
        options: PackOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self, PackError> {
        let count = u32::try_from(selection.objects.len()).map_err(|_| PackError::TooMany)?;
        let mut sink = Sink::new(out, reader.store().kind(), progress);
        sink.put(&data::header::encode(data::Version::V2, count))?;
        Ok(Self {
            selection,
            plan,
            options,
            progress,
            reader,
            sink,
            deflater: Deflater::new(plan.effort),
            states: vec![State::Waiting; selection.objects.len()],
            recent: Recent::default(),
            patience: PATIENCE,
            stats: PackStats::default(),
        })
    }

    /// Writes everything.
    pub(super) fn write_all(mut self, stop: &AtomicBool) -> Result<PackStats, PackError> {
        let mut waiting = Vec::new();
        for number in 0..self.plan.objects.len() {
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
            self.plan.objects.get(number).copied(),
            self.plan.places.get(number).copied(),
            self.states.get(number).copied(),
        ) else {
            return Ok(None);
        };
        if let State::Written { .. } = state {
            return Ok(None);
        }
        if state == State::Waiting
            && let Some(larger) = self.plan.larger_after(number)
            && self.states.get(larger) == Some(&State::Waiting)
        {
            self.set(number, State::Pending);
            return Ok(Some(larger));
        }
        let offset = self.sink.offset();
        let depth = match self.copy_of(object.id, place)? {
            Copy::After(base) => {
                self.set(number, State::Pending);
                return Ok(Some(base));
            }
            Copy::Now(stored, base) => {
                self.write_delta(base, stored.size, Packed::Stored(&stored))?
            }
            Copy::Whole(stored) => {
                if stored.header.as_kind() != Some(object.kind) {
                    return Err(PackError::Corrupt(object.id));
                }
                match self.delta_for(number, object, Some(&stored))? {
                    Some((base, delta)) => self.write_fresh(object, base, &delta, Some(&stored))?,
                    None => self.write_whole(object.kind, stored.size, Packed::Stored(&stored))?,
                }
            }
            Copy::No => match self.large_loose(object.id, place)? {
                Some(large) => self.write_large(object, large)?,
                None => match self.delta_for(number, object, None)? {
                    Some((base, delta)) => self.write_fresh(object, base, &delta, None)?,
                    None => self.write_deflated(object)?,
                },
            },
        };
        self.set(number, State::Written { offset, depth });
        self.stats.objects += 1;
        self.progress
            .packed(self.stats.objects, self.plan.objects.len() as u64);
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
        let store = self.plan.store;
        let stored = store.entry(pack, offset).ok_or(PackError::Corrupt(id))?;
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

    /// Makes a delta against the best base that is found; `None` when the whole object is better.
    fn delta_for(
        &mut self,
        number: usize,
        object: Selected,
        stored: Option<&Stored<'_>>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        let worth = MIN_DELTA_SIZE as u64..=MAX_DELTA_SIZE as u64;
        if stored.is_some_and(|stored| !worth.contains(&stored.size)) {
            return Ok(None);
        }
        let mut best: Option<(Base, Vec<u8>)> = None;
        let mut target = None;
        for round in Round::ALL {
            let bases = self.bases_for(number, object, stored.is_some(), round);
            if bases.is_empty() {
                continue;
            }
            let content = match target.take() {
                Some(content) => content,
                None => self.read_as(object)?,
            };
            if worth.contains(&(content.len() as u64)) {
                best = self.best_of(bases, &content, best)?;
            }
            let size = content.len();
            target = Some(content);
            // A file that was moved over another one is like something elsewhere.
            let poor = best
                .as_ref()
                .is_none_or(|(_, delta)| delta.len() > size / POOR);
            if self.plan.effort == Effort::Least || size > SEARCHED || !poor {
                break;
            }
        }
        if let Some(target) = target {
            self.recent.push(object.id, target);
        }
        Ok(best)
    }

    /// Makes deltas against all of `bases`; returns the smallest of them and `best`.
    fn best_of(
        &mut self,
        bases: Vec<Base>,
        target: &[u8],
        mut best: Option<(Base, Vec<u8>)>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        // What is small is weighed again when both forms are deflated.
        let limit = if target.len() <= WEIGHED {
            target.len()
        } else {
            (target.len() / 2).saturating_sub(20)
        };
        for base in bases {
            let max = match &best {
                None => limit,
                Some((of, delta)) => {
                    let room = delta.len() + self.name_of(*of);
                    room.saturating_sub(self.name_of(base) + 1)
                }
            };
            if let Some(delta) = self.encode(base, target, max)? {
                best = Some((base, delta));
            }
            // The nearest base is the best one but for changes that come and go.
            if self.plan.effort == Effort::Least {
                if self.patience < target.len() || !is_poor(best.as_ref(), target.len()) {
                    break;
                }
                self.patience -= target.len();
            }
        }
        Ok(best)
    }

    /// Returns about how many bytes it takes to name a base.
    fn name_of(&self, base: Base) -> usize {
        match base {
            Base::Sent { .. } if self.options.delta_base == DeltaBase::Offset => 2,
            Base::Sent { id, .. } | Base::Known(id) => id.as_slice().len(),
        }
    }

    /// Makes a delta against one base.
    fn encode(
        &mut self,
        base: Base,
        target: &[u8],
        max: usize,
    ) -> Result<Option<Vec<u8>>, PackError> {
        let id = match base {
            Base::Sent { id, .. } | Base::Known(id) => id,
        };
        if self.recent.find(id).is_none() {
            let size = self.reader.size(&id);
            if size.is_none_or(|size| size > MAX_DELTA_SIZE as u64) {
                return Ok(None);
            }
            match self.read_base(id) {
                Ok((_, content)) => self.recent.push(id, content),
                // A base that the server has need not be here, and need not be intact.
                Err(_) if matches!(base, Base::Known(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let content = self
            .recent
            .find(id)
            .filter(|content| content.len() <= MAX_DELTA_SIZE);
        Ok(content.and_then(|content| delta::encode(content, target, max)))
    }

    /// Reads an object that is to be sent, and compares it with its id and its kind.
    fn read_as(&self, object: Selected) -> Result<Vec<u8>, PackError> {
        let id = object.id;
        let (kind, content) = self.read_base(id)?;
        let data = gix::objs::Data::new(&content, kind, id.kind());
        if kind != object.kind || data.verify_checksum(&id).is_err() {
            return Err(PackError::Corrupt(id));
        }
        Ok(content)
    }

    /// Reads an object that is only compared with: were it not what its id says, the server would make
    /// something of the delta that has not the id it was promised, and refuse it.
    fn read_base(&self, id: ObjectId) -> Result<(Kind, Vec<u8>), PackError> {
        let mut content = Vec::new();
        let data = self
            .reader
            .try_find(&id, &mut content)
            .map_err(|why| PackError::Read { id, why })?
            .ok_or(PackError::Missing(id))?;
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
        self.deflater.deflate(delta, &mut packed)?;
        let name = self.name_of(base);
        if let Some(stored) = stored
            && stored.data.len() <= packed.len() + name
        {
            return self.write_whole(object.kind, stored.size, Packed::Stored(stored));
        }
        if let Some(target) = self
            .recent
            .find(object.id)
            .filter(|target| target.len() <= WEIGHED)
        {
            let size = target.len() as u64;
            let mut whole = Vec::new();
            self.deflater.deflate(target, &mut whole)?;
            if whole.len() <= packed.len() + name {
                return self.write_whole(object.kind, size, Packed::Fresh(&whole));
            }
        }
        self.write_delta(base, delta.len() as u64, Packed::Fresh(&packed))
    }

    /// Writes a delta; returns its depth.
    fn write_delta(&mut self, base: Base, size: u64, packed: Packed<'_>) -> Result<u16, PackError> {
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

    fn write_whole(&mut self, kind: Kind, size: u64, packed: Packed<'_>) -> Result<u16, PackError> {
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
    fn large_loose(&self, id: ObjectId, place: Place) -> Result<Option<LargeLoose>, PackError> {
        let Place::Loose { length } = place else {
            return Ok(None);
        };
        if length <= SMALL_FILE {
            return Ok(None);
        }
        match self.plan.store.loose_file(&id) {
            Some(file) => LargeLoose::open(&file, id, MAX_DELTA_SIZE as u64),
            // It may have been packed since it was found: reading it will tell.
            None => Ok(None),
        }
    }

    /// Writes a large loose object in a stream.
    fn write_large(&mut self, object: Selected, large: LargeLoose) -> Result<u16, PackError> {
        if large.kind != object.kind {
            return Err(PackError::Corrupt(object.id));
        }
        let mut head = Vec::with_capacity(32);
        header_of(object.kind).write_to(large.size, &mut head)?;
        self.sink.put(&head)?;
        let sink = &mut self.sink;
        large.deflate(&mut self.deflater, |piece| sink.put(piece))?;
        Ok(0)
    }

    /// Writes a whole object that was read.
    fn write_deflated(&mut self, object: Selected) -> Result<u16, PackError> {
        if self.recent.find(object.id).is_none() {
            let content = self.read_as(object)?;
            self.recent.push(object.id, content);
        }
        let content = self
            .recent
            .find(object.id)
            .ok_or(PackError::Missing(object.id))?;
        let mut head = Vec::with_capacity(32);
        header_of(object.kind).write_to(content.len() as u64, &mut head)?;
        self.sink.put(&head)?;
        let sink = &mut self.sink;
        self.deflater.deflate_to(content, |piece| sink.put(piece))?;
        Ok(0)
    }
}

/// Says whether a delta of an object of `size` bytes saves so little that another base may do better.
fn is_poor(best: Option<&(Base, Vec<u8>)>, size: usize) -> bool {
    best.is_none_or(|(_, delta)| delta.len() > FINE.max(size / POOR))
}

fn header_of(kind: Kind) -> Header {
    match kind {
        Kind::Commit => Header::Commit,
        Kind::Tree => Header::Tree,
        Kind::Blob => Header::Blob,
        Kind::Tag => Header::Tag,
    }
}
