//! Writes the pack: one object after the other, a base always before its deltas.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;
use gix::odb::pack::data;

use super::PackError;
use super::PackOptions;
use super::PackStats;
use super::deflate::Deflater;
use super::entry::Packed;
use super::plan::Plan;
use super::recent::Recent;
use super::reuse::Reuse;
use super::sink::Sink;
use crate::git::push::objects::Selection;
use crate::git::push::progress::Progress;
use crate::git::push::store::ObjectError;
use crate::git::push::store::Reader;

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

/// Writes one pack.
pub(super) struct Writer<'a> {
    pub(super) selection: &'a Selection,
    pub(super) plan: &'a Plan<'a>,
    pub(super) options: PackOptions,
    progress: &'a dyn Progress,
    pub(super) reader: &'a Reader,
    pub(super) sink: Sink<'a>,
    pub(super) deflater: Deflater,
    pub(super) states: Vec<State>,
    pub(super) recent: Recent,
    /// How many bytes of objects may yet be compared with a second base and more.
    pub(super) patience: usize,
    pub(super) stats: PackStats,
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
}
