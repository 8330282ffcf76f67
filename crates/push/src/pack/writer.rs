//! Writes the pack: one object after the other, a base always before its deltas.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::odb::pack::data;

use super::base::EntryState;
use super::base_search::BaseSearch;
use super::contents::Contents;
use super::deflate::Deflater;
use super::delta_search::DeltaSearch;
use super::entry::EntryWriter;
use super::large::{LargeLoose, SMALL_FILE};
use super::plan::Plan;
use super::prefetch::Prefetch;
use super::reuse::{Reuse, reuse_of};
use super::sink::Sink;
use super::window::Window;
use super::{MAX_DELTA_SIZE, PackError, PackOptions, PackStats};
use crate::objects::{Selected, Selection};
use crate::progress::Progress;
use crate::store::{Location, ObjectError, Reader, Stored};

/// So much is buffered before the pack has a receiver, in bytes.
const SPECULATIVE_BUFFER: usize = 1 << 20;
/// An object that is known to be larger is not started before that, in bytes. Small files are not asked what they hold.
const MAX_SPECULATIVE_OBJECT: u64 = 8 << 20;

/// Writes one pack. It can begin before it has a receiver.
pub(crate) struct Writer<'a, 'o> {
    selection: &'a Selection,
    plan: &'a Plan<'a>,
    options: PackOptions,
    progress: &'a dyn Progress,
    pub(super) contents: Contents<'a>,
    deltas: DeltaSearch,
    entries: EntryWriter<'a, 'o>,
    states: Vec<EntryState>,
    /// The next object to look at.
    next: usize,
    /// Objects in progress: each but the last waits for the one after it.
    in_progress: Vec<usize>,
}

impl<'a> Writer<'a, '_> {
    /// Begins a pack that has no receiver yet.
    pub(crate) fn new(
        reader: &'a Reader,
        selection: &'a Selection,
        plan: &'a Plan<'a>,
        options: PackOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self, PackError> {
        let count = u32::try_from(selection.objects.len()).map_err(|_| PackError::TooMany)?;
        let mut sink = Sink::new(plan.store.kind());
        sink.put(&data::header::encode(data::Version::V2, count))?;
        let delta_base = options.delta_base;
        let deflater = Deflater::new(plan.effort);
        Ok(Self {
            selection,
            plan,
            options,
            progress,
            contents: Contents {
                reader: plan.reader,
                bases: reader,
                prefetch: Prefetch::start(plan.store.loose(), &plan.objects, &plan.locations),
                window: Window::default(),
            },
            deltas: DeltaSearch::new(delta_base),
            entries: EntryWriter::new(plan.store.packs(), delta_base, deflater, sink),
            states: vec![EntryState::Waiting; selection.objects.len()],
            next: 0,
            in_progress: Vec::new(),
        })
    }

    /// Goes on until `enough` is raised or the buffer is full.
    pub(crate) fn write_ahead(
        &mut self,
        enough: &AtomicBool,
        stop: &AtomicBool,
    ) -> Result<(), PackError> {
        let is_raised = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        while !is_raised(enough)
            && !is_raised(stop)
            && self.entries.sink.held() < SPECULATIVE_BUFFER
            && let Some(number) = self.current()
            && self.length_of(number) <= MAX_SPECULATIVE_OBJECT
        {
            self.advance(number)?;
        }
        Ok(())
    }

    /// Writes what was buffered to `out`, and everything else.
    pub(crate) fn write_to(
        self,
        out: &mut dyn Write,
        stop: &AtomicBool,
    ) -> Result<PackStats, PackError> {
        let mut writer = self.through(out)?;
        while let Some(number) = writer.current() {
            if stop.load(Ordering::Relaxed) {
                return Err(PackError::Interrupted);
            }
            writer.advance(number)?;
        }
        let mut stats = writer.entries.stats;
        stats.bytes = writer.entries.sink.finish()?;
        Ok(stats)
    }

    fn through<'p>(self, out: &'p mut dyn Write) -> Result<Writer<'a, 'p>, PackError> {
        Ok(Writer {
            entries: self.entries.through(out)?,
            selection: self.selection,
            plan: self.plan,
            options: self.options,
            progress: self.progress,
            contents: self.contents,
            deltas: self.deltas,
            states: self.states,
            next: self.next,
            in_progress: self.in_progress,
        })
    }

    /// Returns the object to go on with.
    fn current(&self) -> Option<usize> {
        let next = Some(self.next).filter(|next| *next < self.plan.objects.len());
        self.in_progress.last().copied().or(next)
    }

    /// Returns about how many bytes an object takes in memory; a small file counts with its own length, since
    /// it cannot hold much.
    fn length_of(&self, number: usize) -> u64 {
        let objects = self.plan.objects.get(number);
        match objects.zip(self.plan.locations.get(number)) {
            Some((_, Location::Loose { length })) if *length <= SMALL_FILE => *length,
            Some((object, _)) => self.contents.reader.size(&object.id).unwrap_or(0),
            None => 0,
        }
    }

    /// Writes one object, or finds out what must be written before it.
    fn advance(&mut self, number: usize) -> Result<(), PackError> {
        if self.in_progress.is_empty() {
            self.in_progress.push(number);
            self.next += 1;
        }
        match self.write_one(number)? {
            Some(base) => self.in_progress.push(base),
            None => {
                self.in_progress.pop();
            }
        }
        Ok(())
    }

    /// Writes one object, or returns the one that must be written first.
    fn write_one(&mut self, number: usize) -> Result<Option<usize>, PackError> {
        let (Some(object), Some(location), Some(state)) = (
            self.plan.objects.get(number).copied(),
            self.plan.locations.get(number).copied(),
            self.states.get(number).copied(),
        ) else {
            return Ok(None);
        };
        if let EntryState::Written { .. } = state {
            return Ok(None);
        }
        if state == EntryState::Waiting
            && let Some(larger) = self.plan.larger_after(number)
            && self.states.get(larger) == Some(&EntryState::Waiting)
        {
            self.set(number, EntryState::Pending);
            return Ok(Some(larger));
        }
        let offset = self.entries.sink.offset();
        let (remote, thin) = (&self.selection.remote, self.options.thin);
        let reuse = reuse_of(self.plan, &self.states, remote, thin, (object.id, location));
        let depth = match reuse? {
            Reuse::After(base) => {
                self.set(number, EntryState::Pending);
                return Ok(Some(base));
            }
            Reuse::Delta(stored, base) => self.entries.write_stored_delta(base, &stored)?,
            Reuse::Whole(stored) => {
                if stored.header.as_kind() != Some(object.kind) {
                    return Err(ObjectError::Corrupt(object.id).into());
                }
                self.write_best(number, object, Some(&stored))?
            }
            Reuse::No => match self.large_loose(object.id, location)? {
                Some(large) => self.entries.write_large(object, large)?,
                None => self.write_best(number, object, None)?,
            },
        };
        self.set(number, EntryState::Written { offset, depth });
        self.entries.stats.objects += 1;
        let done = self.entries.stats.objects;
        self.progress.packed(done, self.plan.objects.len() as u64);
        Ok(None)
    }

    /// Writes an object as a delta or whole, as it is stored or as it is made here, whatever is smallest; returns its depth.
    fn write_best(
        &mut self,
        number: usize,
        object: Selected,
        stored: Option<&Stored>,
    ) -> Result<u16, PackError> {
        let search = BaseSearch {
            plan: self.plan,
            states: &self.states,
            remote: &self.selection.remote,
            thin: self.options.thin,
        };
        let contents = &mut self.contents;
        let found = self.deltas.find(number, object, stored, search, contents)?;
        match (found, stored) {
            (Some((base, delta)), _) => {
                let target = contents.window.find(object.id);
                self.entries
                    .write_fresh(object, (base, &delta), stored, target)
            }
            (None, Some(stored)) => self.entries.write_stored(object.kind, stored),
            (None, None) => {
                let content = contents.keep(number, object)?;
                self.entries.write_whole(object.kind, content)
            }
        }
    }

    /// Opens a loose object that is too large to be held.
    fn large_loose(
        &self,
        id: ObjectId,
        location: Location,
    ) -> Result<Option<LargeLoose>, PackError> {
        let Location::Loose { length } = location else {
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

    fn set(&mut self, number: usize, state: EntryState) {
        if let Some(slot) = self.states.get_mut(number) {
            *slot = state;
        }
    }
}
