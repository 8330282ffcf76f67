//! The trees and files of new commits that the server lacks: one pass over the directories that differ.
//!
//! Each directory is one job with the trees that the server has there and those that are new. The known ones
//! are opened only where something new stands beside them. A new tree that turns out to be known later (it
//! moved here) is dropped at the end, with all that was found through it.

use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};

use super::super::progress::Progress;
use super::directory::{Below, Job};
use super::path_hash::{hash, kind_of, of_kind, rank};
use super::{RemoteObjects, SelectError, Selected, Selection};
use crate::by_id::{IdMap, IdSet};
use crate::store::ObjectError;

/// The most objects that one pack's header can count.
const MAX_OBJECTS: usize = u32::MAX as usize;
/// The memory that the next tree is read into, in bytes: more is let go of.
const MAX_KEPT_BUFFER: usize = 4 << 20;
/// Progress is told once for so many objects.
const TELL_EVERY: usize = 256;

/// What is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It will be sent.
    New,
    /// The server has it.
    Known,
}

/// An object that was found, with the tree through which it was found first.
struct Found {
    object: Selected,
    through: Option<usize>,
}

/// The pass over all directories.
pub(super) struct TreeWalk<'a, F> {
    find: &'a F,
    progress: &'a dyn Progress,
    stop: &'a AtomicBool,
    states: IdMap<State>,
    found: Vec<Found>,
    remote: RemoteObjects,
    root: Job,
    buffer: Vec<u8>,
}

impl<'a, F: gix::objs::Find> TreeWalk<'a, F> {
    /// Starts with nothing known and nothing new.
    pub(super) fn new(find: &'a F, progress: &'a dyn Progress, stop: &'a AtomicBool) -> Self {
        Self {
            find,
            progress,
            stop,
            states: IdMap::default(),
            found: Vec::new(),
            remote: RemoteObjects::default(),
            root: Job::default(),
            buffer: Vec::new(),
        }
    }

    /// Adds the root tree of a commit that the server has. The first one is preferred for deltas.
    pub(super) fn add_known_root(&mut self, tree: ObjectId) {
        self.mark_known(tree, Kind::Tree, 0, 0);
        self.root.known.push(tree);
    }

    /// Adds a new commit and its root tree, after all known roots.
    pub(super) fn add_commit(&mut self, id: ObjectId, tree: ObjectId) -> Result<(), SelectError> {
        let commit = Selected {
            id,
            kind: Kind::Commit,
            path: 0,
            name: 0,
        };
        self.push(commit, None)?;
        if let Some(number) = self.meet(tree, Kind::Tree, 0, 0, None)? {
            self.root.new.push((tree, number));
        }
        Ok(())
    }

    /// Looks into every directory that differs, and returns what is to be sent.
    pub(super) fn finish(mut self) -> Result<Selection, SelectError> {
        let mut jobs = vec![std::mem::take(&mut self.root)];
        while let Some(job) = jobs.pop() {
            self.work(job, &mut jobs)?;
        }
        let mut dropped = vec![false; self.found.len()];
        let mut objects = Vec::with_capacity(self.found.len());
        for (number, found) in self.found.iter().enumerate() {
            let through = found.through.and_then(|tree| dropped.get(tree).copied());
            let known = self.states.get(&found.object.id) == Some(&State::Known);
            if known || through == Some(true) {
                if let Some(flag) = dropped.get_mut(number) {
                    *flag = true;
                }
            } else {
                objects.push(found.object);
            }
        }
        // The sort is stable: at one path the newest stays first.
        objects.sort_by_key(|object| (rank(object.kind), object.name, object.path));
        self.progress.counted(objects.len() as u64);
        let known = self.states.into_iter();
        let known = known.filter(|(_, state)| *state == State::Known);
        self.remote.set_ids(known.map(|(id, _)| id).collect());
        Ok(Selection {
            objects,
            remote: self.remote,
        })
    }

    /// Opens the trees of one directory, and adds jobs for those of its directories that hold something new.
    fn work(&mut self, mut job: Job, jobs: &mut Vec<Job>) -> Result<(), SelectError> {
        let states = &self.states;
        job.new
            .retain(|(id, _)| states.get(id) != Some(&State::Known));
        if job.new.is_empty() {
            return Ok(());
        }
        let mut below = Below::new(job.new.len());
        let mut opened = IdSet::default();
        for id in job.known {
            if opened.insert(id) {
                self.open_known(id, job.path, &mut below)?;
            }
        }
        for (id, number) in job.new {
            self.open_new(id, number, job.path, &mut below)?;
        }
        if let Some(renames) = below.renames {
            let removed = renames.known.into_iter();
            let removed = removed.filter(|(name, _, _)| !renames.present.contains(name));
            self.remote
                .add_removed(removed.map(|(_, kind, id)| (kind, id)));
        }
        jobs.extend(below.jobs.into_values().filter(|job| !job.new.is_empty()));
        Ok(())
    }

    /// Marks what a tree of the server holds.
    fn open_known(
        &mut self,
        id: ObjectId,
        path: u64,
        below: &mut Below,
    ) -> Result<(), SelectError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(SelectError::Interrupted);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let entries = self
            .read(id, &mut buffer)?
            .ok_or(SelectError::MissingKnownTree(id))?;
        for entry in entries {
            let entry = entry.map_err(|_| ObjectError::Corrupt(id))?;
            if entry.mode.is_commit() {
                continue;
            }
            let name = hash(0, entry.filename);
            let child = hash(path, entry.filename);
            let kind = kind_of(entry.mode);
            self.mark_known(entry.oid.to_owned(), kind, child, name);
            if let Some(renames) = below.renames() {
                renames.known.push((name, kind, entry.oid.to_owned()));
            }
            if kind == Kind::Tree {
                below.job_at(child).known.push(entry.oid.to_owned());
            }
        }
        self.keep(buffer);
        Ok(())
    }

    /// Lists what a new tree holds.
    fn open_new(
        &mut self,
        id: ObjectId,
        number: usize,
        path: u64,
        below: &mut Below,
    ) -> Result<(), SelectError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(SelectError::Interrupted);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let entries = self
            .read(id, &mut buffer)?
            .ok_or(ObjectError::Missing(id))?;
        for entry in entries {
            let entry = entry.map_err(|_| ObjectError::Corrupt(id))?;
            if let Some(renames) = below.renames() {
                renames.present.insert(hash(0, entry.filename));
            }
            // Most entries of a tree are those of the tree before: nothing is computed for them.
            if entry.mode.is_commit() || self.states.contains_key(entry.oid) {
                continue;
            }
            let name = hash(0, entry.filename);
            let child = hash(path, entry.filename);
            let kind = kind_of(entry.mode);
            let object = entry.oid.to_owned();
            if let Some(found) = self.meet(object, kind, child, name, Some(number))?
                && kind == Kind::Tree
            {
                below.job_at(child).new.push((object, found));
            }
        }
        self.keep(buffer);
        Ok(())
    }

    /// Reads a tree; `None` when it is not here.
    fn read<'b>(
        &self,
        id: ObjectId,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Option<TreeRefIter<'b>>, SelectError> {
        let data = self.find.try_find(&id, buffer);
        let Some(data) = data.map_err(|why| ObjectError::of_source(id, why))? else {
            return Ok(None);
        };
        if data.kind == Kind::Tree {
            Ok(Some(TreeRefIter::from_bytes(data.data, id.kind())))
        } else {
            Err(ObjectError::Corrupt(id).into())
        }
    }

    /// Keeps the buffer for the next tree, unless it is large.
    fn keep(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() <= MAX_KEPT_BUFFER {
            self.buffer = buffer;
        }
    }

    /// Takes an object as new unless it was met before; returns its number when it is.
    fn meet(
        &mut self,
        id: ObjectId,
        kind: Kind,
        path: u64,
        name: u64,
        through: Option<usize>,
    ) -> Result<Option<usize>, SelectError> {
        let Entry::Vacant(entry) = self.states.entry(id) else {
            return Ok(None);
        };
        entry.insert(State::New);
        let object = Selected {
            id,
            kind,
            path: of_kind(path, kind),
            name: of_kind(name, kind),
        };
        self.push(object, through).map(Some)
    }

    fn push(&mut self, object: Selected, through: Option<usize>) -> Result<usize, SelectError> {
        let number = self.found.len();
        if number >= MAX_OBJECTS {
            return Err(SelectError::TooMany);
        }
        self.found.push(Found { object, through });
        if number.is_multiple_of(TELL_EVERY) {
            self.progress.counted(number as u64);
        }
        Ok(number)
    }

    fn mark_known(&mut self, id: ObjectId, kind: Kind, path: u64, name: u64) {
        self.states.insert(id, State::Known);
        self.remote
            .add(id, of_kind(path, kind), of_kind(name, kind));
    }
}
