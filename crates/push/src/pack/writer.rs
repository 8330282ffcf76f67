//! Writes the pack: one object after the other, a base always before its deltas.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::odb::pack::data;

use super::ahead::Ahead;
use super::deflate::Deflater;
use super::entry::Packed;
use super::large::SMALL_FILE;
use super::plan::Plan;
use super::recent::Recent;
use super::reuse::Reuse;
use super::sink::Sink;
use super::{PackError, PackOptions, PackStats};
use crate::objects::Selection;
use crate::progress::Progress;
use crate::store::{ObjectError, Place, Reader};

/// In a pack of many objects so much is compared with more than one base, in bytes.
const PATIENCE: usize = 32 << 20;

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

impl Base {
    /// Returns the object.
    pub(super) const fn id(self) -> ObjectId {
        match self {
            Self::Sent { id, .. } | Self::Known(id) => id,
        }
    }
}

/// So much is made before anybody takes it, in bytes.
const AHEAD: usize = 1 << 20;
/// An object that is known to be larger is not begun with before that, in bytes. Small files are not asked what they hold.
const LARGE: u64 = 8 << 20;

/// Writes one pack. It can be begun before it is known whether and where it goes.
pub(crate) struct Writer<'a, 'o> {
    pub(super) selection: &'a Selection,
    pub(super) plan: &'a Plan<'a>,
    pub(super) options: PackOptions,
    progress: &'a dyn Progress,
    pub(super) reader: &'a Reader,
    pub(super) sink: Sink<'o>,
    /// Who reads the objects that come next.
    pub(super) ahead: Option<Ahead>,
    pub(super) deflater: Deflater,
    pub(super) states: Vec<State>,
    pub(super) recent: Recent,
    /// How many bytes of objects may yet be compared with a second base and more.
    pub(super) patience: usize,
    pub(super) stats: PackStats,
    /// The next object to look at.
    next: usize,
    /// Objects that were begun: each but the last waits for the one after it.
    begun: Vec<usize>,
}

impl<'a> Writer<'a, '_> {
    /// Begins a pack that nobody takes yet.
    pub(crate) fn new(
        reader: &'a Reader,
        selection: &'a Selection,
        plan: &'a Plan<'a>,
        options: PackOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self, PackError> {
        let count = u32::try_from(selection.objects.len()).map_err(|_| PackError::TooMany)?;
        let mut sink = Sink::new(reader.store().kind());
        sink.put(&data::header::encode(data::Version::V2, count))?;
        Ok(Self {
            selection,
            plan,
            options,
            progress,
            reader,
            sink,
            ahead: Ahead::start(plan.store.loose(), &plan.objects, &plan.places),
            deflater: Deflater::new(plan.effort),
            states: vec![State::Waiting; selection.objects.len()],
            recent: Recent::default(),
            patience: PATIENCE,
            stats: PackStats::default(),
            next: 0,
            begun: Vec::new(),
        })
    }

    /// Goes on until `enough` is raised, with as much as may be held meanwhile.
    pub(crate) fn write_ahead(
        &mut self,
        enough: &AtomicBool,
        stop: &AtomicBool,
    ) -> Result<(), PackError> {
        let is_raised = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        while !is_raised(enough)
            && !is_raised(stop)
            && self.sink.held() < AHEAD
            && let Some(number) = self.coming()
            && self.length_of(number) <= LARGE
        {
            self.step(number)?;
        }
        Ok(())
    }

    /// Writes what was made to `out`, and everything else.
    pub(crate) fn write_to(
        self,
        out: &mut dyn Write,
        stop: &AtomicBool,
    ) -> Result<PackStats, PackError> {
        let mut writer = self.through(out)?;
        while let Some(number) = writer.coming() {
            if stop.load(Ordering::Relaxed) {
                return Err(PackError::Interrupted);
            }
            writer.step(number)?;
        }
        writer.stats.bytes = writer.sink.finish()?;
        Ok(writer.stats)
    }

    fn through<'p>(self, out: &'p mut dyn Write) -> Result<Writer<'a, 'p>, PackError> {
        Ok(Writer {
            selection: self.selection,
            plan: self.plan,
            options: self.options,
            progress: self.progress,
            reader: self.reader,
            sink: self.sink.through(out)?,
            ahead: self.ahead,
            deflater: self.deflater,
            states: self.states,
            recent: self.recent,
            patience: self.patience,
            stats: self.stats,
            next: self.next,
            begun: self.begun,
        })
    }

    /// Returns the object to go on with.
    fn coming(&self) -> Option<usize> {
        let next = Some(self.next).filter(|next| *next < self.plan.objects.len());
        self.begun.last().copied().or(next)
    }

    /// Returns about how many bytes an object takes in memory; a small file is taken for what it is, since
    /// it cannot hold much.
    fn length_of(&self, number: usize) -> u64 {
        let objects = self.plan.objects.get(number);
        match objects.zip(self.plan.places.get(number)) {
            Some((_, Place::Loose { length })) if *length <= SMALL_FILE => *length,
            Some((object, _)) => self.reader.size(&object.id).unwrap_or(0),
            None => 0,
        }
    }

    /// Writes one object, or finds out what must be written before it.
    fn step(&mut self, number: usize) -> Result<(), PackError> {
        if self.begun.is_empty() {
            self.begun.push(number);
            self.next += 1;
        }
        match self.write_one(number)? {
            Some(base) => self.begun.push(base),
            None => {
                self.begun.pop();
            }
        }
        Ok(())
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
        let depth = match self.reuse_of(object.id, place)? {
            Reuse::After(base) => {
                self.set(number, State::Pending);
                return Ok(Some(base));
            }
            Reuse::Now(stored, base) => {
                self.write_delta(base, stored.size, Packed::Stored(&stored))?
            }
            Reuse::Whole(stored) => {
                if stored.header.as_kind() != Some(object.kind) {
                    return Err(ObjectError::Corrupt(object.id).into());
                }
                match self.delta_for(number, object, Some(&stored))? {
                    Some((base, delta)) => self.write_fresh(object, base, &delta, Some(&stored))?,
                    None => self.write_whole(object.kind, stored.size, Packed::Stored(&stored))?,
                }
            }
            Reuse::No => match self.large_loose(object.id, place)? {
                Some(large) => self.write_large(object, large)?,
                None => match self.delta_for(number, object, None)? {
                    Some((base, delta)) => self.write_fresh(object, base, &delta, None)?,
                    None => self.write_deflated(number, object)?,
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
}
