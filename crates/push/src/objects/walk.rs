//! A walk over commits by date, painted from both sides, that stops early.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;

use super::commit_source::{CommitSource, Loaded};
use super::slop::{Floor, Slop, UNKNOWN};
use super::{SelectError, Wanted};
use crate::by_id::IdMap;
use crate::store::ObjectError;

/// Reached from what is to be pushed.
pub(super) const WANT: u8 = 1;
/// Reached from what the server has.
pub(super) const HAVE: u8 = 2;
/// Waits in the queue.
const QUEUED: u8 = 4;

/// A commit of the walk.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) flags: u8,
    pub(super) time: i64,
    /// The length of the longest way to a root, or [`UNKNOWN`].
    generation: u32,
    pub(super) parents: Range<usize>,
}

/// What a walk found.
pub(super) struct Found {
    /// What was not painted `HAVE` when it was passed, in this order.
    pub(super) passed: Vec<usize>,
    /// The walk was cut short at its limit.
    pub(super) capped: bool,
}

/// The walk's memory.
pub(super) struct Walk<'a, F> {
    source: &'a CommitSource<'a, F>,
    pub(super) nodes: Vec<Node>,
    numbers: IdMap<usize>,
    pub(super) parents: Vec<ObjectId>,
    queue: BinaryHeap<(i64, Reverse<usize>)>,
    /// How many commits in the queue are wanted and not known to the server.
    open: usize,
    /// How many commits were passed that the server is not known to have.
    live: usize,
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
            numbers: IdMap::default(),
            parents: Vec::new(),
            queue: BinaryHeap::new(),
            open: 0,
            live: 0,
            repaint: Vec::new(),
            missing: None,
            buffer: Vec::new(),
        }
    }

    /// Returns the number of a commit that was reached.
    pub(super) fn number_of(&self, id: &gix::oid) -> Option<usize> {
        self.numbers.get(id).copied()
    }

    /// Returns a commit that was reached.
    pub(super) fn find(&self, id: &gix::oid) -> Option<&Node> {
        self.nodes.get(self.number_of(id)?)
    }

    /// Returns the parents of a commit that was reached.
    pub(super) fn parents_of(&self, number: usize) -> &[ObjectId] {
        let range = self.nodes.get(number).map(|node| node.parents.clone());
        let parents = range.and_then(|range| self.parents.get(range));
        parents.unwrap_or_default()
    }

    /// Says whether a wanted commit waits that the server is not known to have.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Returns the flags of a commit that was reached.
    pub(super) fn flags(&self, number: usize) -> u8 {
        self.nodes.get(number).map_or(0, |node| node.flags)
    }

    /// Paints what is wanted and what the server has.
    pub(super) fn start(
        &mut self,
        wanted: Wanted<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SelectError> {
        for id in wanted.has.iter().chain(wanted.old_tip.iter()) {
            if stop.load(Ordering::Relaxed) {
                return Err(SelectError::Interrupted);
            }
            // Most are commits; only what is none may be a tag of one.
            if !self.paint(*id, HAVE)?
                && let Some(commit) = self.source.peel(*id, &mut self.buffer)?
            {
                self.paint(commit, HAVE)?;
            }
        }
        if !self.paint(wanted.new, WANT)? {
            let found = self.source.find.try_find(&wanted.new, &mut self.buffer);
            return Err(match found {
                Ok(Some(_)) => ObjectError::Corrupt(wanted.new),
                _ => ObjectError::Missing(wanted.new),
            }
            .into());
        }
        Ok(())
    }

    /// Walks until only what the server has is left, or `limit` commits were looked at.
    pub(super) fn run(
        &mut self,
        slop: Slop,
        limit: usize,
        stop: &AtomicBool,
    ) -> Result<Found, SelectError> {
        let mut found = Found {
            passed: Vec::new(),
            capped: false,
        };
        let mut floor = Floor::new(slop);
        while self.open > 0 || self.live > 0 {
            let Some(node) = self.peek() else { break };
            if node.flags & HAVE != 0
                && self.open == 0
                && floor.is_below(node.time, node.generation)
            {
                if node.generation == UNKNOWN {
                    break;
                }
                // Others in the queue can still be above the floor.
                self.skip();
                continue;
            }
            if self.nodes.len() > limit {
                found.capped = true;
                break;
            }
            let Some(number) = self.next(stop)? else {
                break;
            };
            if let Some(node) = self.nodes.get(number)
                && node.flags & HAVE == 0
            {
                floor.lower(node.time, node.generation);
                found.passed.push(number);
            }
        }
        Ok(found)
    }

    /// Returns the newest commit in the queue.
    fn peek(&self) -> Option<&Node> {
        let (_, Reverse(number)) = self.queue.peek()?;
        self.nodes.get(*number)
    }

    /// Takes a commit from the queue that need not be looked at.
    fn skip(&mut self) {
        if let Some((_, Reverse(number))) = self.queue.pop()
            && let Some(node) = self.nodes.get_mut(number)
        {
            node.flags &= !QUEUED;
        }
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
            self.live += 1;
            WANT
        };
        for at in node.parents.clone() {
            // Each of thousands of parents may be looked for everywhere.
            if stop.load(Ordering::Relaxed) {
                return Err(SelectError::Interrupted);
            }
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
        let loaded = self.source.load(id, &mut self.parents, &mut self.buffer)?;
        let Some(Loaded {
            tree,
            time,
            generation,
            parents,
        }) = loaded
        else {
            return Ok(false);
        };
        let number = self.nodes.len();
        self.nodes.push(Node {
            id,
            tree,
            flags: flag | QUEUED,
            time,
            generation,
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
                self.live -= 1;
                self.repaint.push(number);
            }
        }
    }
}
