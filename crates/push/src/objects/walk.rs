//! A walk over commits by date, painted from both sides, that stops early.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::commitgraph::Graph;
use gix::hashtable::HashSet;
use gix::objs::{Kind, TagRefIter};

use super::commit_text::parse;
use super::{ById, SelectError, Wanted};
use crate::store::ObjectError;

/// Reached from what is to be pushed.
pub(super) const WANT: u8 = 1;
/// Reached from what the server has.
pub(super) const HAVE: u8 = 2;
/// Waits in the queue.
const QUEUED: u8 = 4;
/// So many commits are looked at after the last interesting one, for the sake of clocks that were wrong.
const SLOP: u32 = 5;
/// Tags of tags of tags are followed so far.
const MAX_TAGS: u32 = 10;

/// Where commits are read.
pub(super) struct CommitSource<'a, F> {
    pub(super) find: &'a F,
    pub(super) graph: Option<&'a Graph>,
    pub(super) shallow: &'a HashSet<ObjectId>,
    pub(super) check: Check,
}

/// Whether commits are compared with their ids as they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// They are: someone could gain from a lie.
    Hash,
    /// They are not: a lie only makes the server refuse the push.
    Trust,
}

/// A commit of the walk.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) flags: u8,
    pub(super) time: i64,
    pub(super) parents: Range<usize>,
}

/// The walk's memory.
pub(super) struct Walk<'a, F> {
    source: &'a CommitSource<'a, F>,
    pub(super) nodes: Vec<Node>,
    numbers: ById<usize>,
    pub(super) parents: Vec<ObjectId>,
    queue: BinaryHeap<(i64, Reverse<usize>)>,
    /// How many commits in the queue are wanted and not known to the server.
    open: usize,
    repaint: Vec<usize>,
    /// A wanted commit that is not here.
    pub(super) missing: Option<ObjectId>,
    buffer: Vec<u8>,
}

impl<'a, F: gix::objs::Find> Walk<'a, F> {
    /// Starts with nothing.
    pub(super) fn new(source: &'a CommitSource<'a, F>) -> Self {
        Self {
            source,
            nodes: Vec::new(),
            numbers: ById::default(),
            parents: Vec::new(),
            queue: BinaryHeap::new(),
            open: 0,
            repaint: Vec::new(),
            missing: None,
            buffer: Vec::new(),
        }
    }

    /// Returns a commit that was reached.
    pub(super) fn find(&self, id: &gix::oid) -> Option<&Node> {
        self.nodes.get(*self.numbers.get(id)?)
    }

    /// Says whether a wanted commit waits that the server is not known to have.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Returns the flags of a commit that was reached.
    pub(super) fn flags(&self, number: usize) -> u8 {
        self.nodes.get(number).map_or(0, |node| node.flags)
    }

    /// Walks until only what the server has is left; returns what was not painted by it when it was passed.
    pub(super) fn limit(
        &mut self,
        wanted: Wanted<'_>,
        stop: &AtomicBool,
    ) -> Result<Vec<usize>, SelectError> {
        for id in wanted.has.iter().chain(wanted.old_tip.iter()) {
            if stop.load(Ordering::Relaxed) {
                return Err(SelectError::Interrupted);
            }
            // Most are commits; only what is none may be a tag of one.
            if !self.paint(*id, HAVE)?
                && let Some(commit) = self.peel(*id)?
            {
                self.paint(commit, HAVE)?;
            }
        }
        if !self.paint(wanted.new, WANT)? {
            return Err(ObjectError::Missing(wanted.new).into());
        }
        let mut found = Vec::new();
        let mut last = i64::MAX;
        let mut slop = SLOP;
        while let Some(number) = self.next(stop)? {
            if self.flags(number) & HAVE == 0 {
                last = self.nodes.get(number).map_or(last, |node| node.time);
                found.push(number);
                slop = SLOP;
                continue;
            }
            let next = self.queue.peek().map_or(i64::MIN, |(time, _)| *time);
            if self.is_open() || (!found.is_empty() && next >= last) {
                slop = SLOP;
            } else {
                slop -= 1;
                if slop == 0 {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Takes the newest commit from the queue and paints its parents.
    pub(super) fn next(&mut self, stop: &AtomicBool) -> Result<Option<usize>, SelectError> {
        if stop.load(Ordering::Relaxed) {
            return Err(SelectError::Interrupted);
        }
        let Some((_, Reverse(number))) = self.queue.pop() else {
            return Ok(None);
        };
        let Some(node) = self.nodes.get_mut(number) else {
            return Ok(None);
        };
        node.flags &= !QUEUED;
        let flag = if node.flags & HAVE != 0 {
            HAVE
        } else {
            self.open -= 1;
            WANT
        };
        for at in node.parents.clone() {
            if let Some(parent) = self.parents.get(at).copied()
                && !self.paint(parent, flag)?
                && flag == WANT
            {
                self.missing = Some(parent);
            }
        }
        Ok(Some(number))
    }

    /// Adds a flag to a commit, and queues it when it is new. Returns `false` when it is not here.
    pub(super) fn paint(&mut self, id: ObjectId, flag: u8) -> Result<bool, SelectError> {
        if let Some(number) = self.numbers.get(&id).copied() {
            self.add_flag(number, flag);
            while let Some(number) = self.repaint.pop() {
                let range = self
                    .nodes
                    .get(number)
                    .map_or(0..0, |node| node.parents.clone());
                for at in range {
                    let parent = self.parents.get(at).and_then(|id| self.numbers.get(id));
                    if let Some(parent) = parent.copied() {
                        self.add_flag(parent, HAVE);
                    }
                }
            }
            return Ok(true);
        }
        let Some((tree, time, parents)) = self.load(id)? else {
            return Ok(false);
        };
        let number = self.nodes.len();
        self.nodes.push(Node {
            id,
            tree,
            flags: flag | QUEUED,
            time,
            parents,
        });
        self.numbers.insert(id, number);
        self.queue.push((time, Reverse(number)));
        if flag & HAVE == 0 {
            self.open += 1;
        }
        Ok(true)
    }

    /// Adds a flag to a commit that was reached before. What was passed already must be painted again.
    fn add_flag(&mut self, number: usize, flag: u8) {
        let Some(node) = self.nodes.get_mut(number) else {
            return;
        };
        if node.flags & flag != 0 {
            return;
        }
        let queued = node.flags & QUEUED != 0;
        node.flags |= flag;
        if flag == HAVE {
            if queued {
                self.open -= 1;
            } else {
                self.repaint.push(number);
            }
        }
    }

    /// Reads a commit; `None` when it is not here or is none.
    fn load(&mut self, id: ObjectId) -> Result<Option<(ObjectId, i64, Range<usize>)>, SelectError> {
        let start = self.parents.len();
        if let Some(graph) = self.source.graph
            && let Some(commit) = graph.commit_by_id(id)
        {
            for parent in commit.iter_parents() {
                let position = parent.map_err(SelectError::History)?;
                self.parents.push(graph.id_at(position).to_owned());
            }
            let time = i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX);
            let tree = commit.root_tree_id().to_owned();
            return Ok(Some((tree, time, start..self.parents.len())));
        }
        let read = |why| ObjectError::Read { id, why };
        let data = self.source.find.try_find(&id, &mut self.buffer);
        let Some(data) = data.map_err(read)? else {
            return Ok(None);
        };
        if data.kind != Kind::Commit {
            return Ok(None);
        }
        if self.source.check == Check::Hash {
            data.verify_checksum(&id)
                .map_err(|_| ObjectError::Corrupt(id))?;
        }
        let parents = &mut self.parents;
        let (tree, time) = parse(data.data, id.kind(), |parent| parents.push(parent))
            .ok_or(ObjectError::Corrupt(id))?;
        // The parents of a shallow commit are not here, or not meant to be.
        if self.source.shallow.contains(&id) {
            self.parents.truncate(start);
        }
        Ok(Some((tree, time, start..self.parents.len())))
    }

    /// Follows tags to a commit; `None` when there is none at the end.
    fn peel(&mut self, mut id: ObjectId) -> Result<Option<ObjectId>, SelectError> {
        for _ in 0..MAX_TAGS {
            let data = self.source.find.try_find(&id, &mut self.buffer);
            let data = data.map_err(|why| ObjectError::Read { id, why })?;
            match data {
                Some(data) if data.kind == Kind::Commit => return Ok(Some(id)),
                Some(data) if data.kind == Kind::Tag => {
                    let tag = TagRefIter::from_bytes(data.data, id.kind());
                    id = tag.target_id().map_err(|_| ObjectError::Corrupt(id))?;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}
