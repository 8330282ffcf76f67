//! The walk by commit date: what a tip has and its bases have not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gix::ObjectId;

use super::RangeError;
use super::history::{Change, DONE, HIDDEN, History, Number, UNKNOWN, WANTED};

/// How far clocks may be apart before a walk without a commit-graph can be misled. In seconds.
const SKEW: i64 = 60 * 60;
/// How many commits beyond that are looked at all the same, as git does with five.
const SLOP: u32 = 32;

/// Commits ahead, in the order in which they were met.
pub(super) struct Found {
    pub(super) commits: Vec<Number>,
    /// The walk was cut short.
    pub(super) capped: bool,
}

/// Commits to look at, newest first; of the same date, first come first.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(i64, Reverse<u32>, Number)>,
    pushed: u32,
}

impl Queue {
    fn push(&mut self, history: &History<'_>, number: Number) {
        let date = history.node(number).date;
        self.heap.push((date, Reverse(self.pushed), number));
        self.pushed = self.pushed.saturating_add(1);
    }

    fn pop(&mut self) -> Option<Number> {
        self.heap.pop().map(|(_, _, number)| number)
    }
}

/// What hidden commits still to be looked at are weighed against: the lowest of those sought.
#[derive(Debug, Clone, Copy)]
struct Floor {
    date: i64,
    generation: u32,
    slop: u32,
}

impl Floor {
    const fn new() -> Self {
        Self {
            date: i64::MAX,
            generation: UNKNOWN,
            slop: SLOP,
        }
    }

    fn lower(&mut self, history: &History<'_>, number: Number) {
        let node = history.node(number);
        self.date = self.date.min(node.date);
        self.generation = self.generation.min(node.generation);
        self.slop = SLOP;
    }

    /// Says whether a commit cannot reach any of those sought.
    ///
    /// The commit-graph proves it: a commit reaches only those of a lower generation, and one in the
    /// graph none outside it. Without the graph dates have to do, with some slop for wrong clocks.
    fn is_below(&mut self, history: &History<'_>, number: Number) -> bool {
        let node = history.node(number);
        if node.generation != UNKNOWN {
            return node.generation <= self.generation;
        }
        if node.date.saturating_add(SKEW) >= self.date {
            return false;
        }
        self.slop = self.slop.saturating_sub(1);
        self.slop == 0
    }
}

/// Returns the commits that `tip` reaches and none of `bases` reaches.
pub(super) fn ahead(
    history: &mut History<'_>,
    tip: ObjectId,
    bases: &[ObjectId],
    limit: usize,
) -> Result<Found, RangeError> {
    let mut queue = Queue::default();
    let mut floor = Floor::new();
    // Wanted commits that are not hidden: in the queue, and taken from it.
    let mut open = 0_usize;
    let mut live = 0_usize;
    let mut met = Vec::new();
    let mut parents = Vec::new();

    let start = history.find(tip)?.ok_or(RangeError::Missing(tip))?;
    history.mark(start, WANTED);
    queue.push(history, start);
    open += 1;
    for base in bases {
        // A base that is not here hides nothing.
        let Some(base) = history.find(*base)? else {
            continue;
        };
        let wanted = history.node(base).flags & WANTED != 0;
        if history.mark(base, HIDDEN) == Change::New {
            open -= usize::from(wanted);
            queue.push(history, base);
        }
    }

    let mut capped = false;
    while let Some(number) = queue.pop() {
        let flags = history.node(number).flags;
        let hidden = flags & HIDDEN != 0;
        if !hidden && flags & DONE != 0 {
            continue;
        }
        if open == 0 && live == 0 {
            break;
        }
        if hidden && open == 0 && floor.is_below(history, number) {
            if history.node(number).generation == UNKNOWN {
                break;
            }
            // Others in the queue may still be above the floor.
            continue;
        }
        if history.len() > limit {
            capped = true;
            break;
        }
        history.mark(number, DONE);
        if !hidden {
            open -= 1;
            live += 1;
            met.push(number);
            floor.lower(history, number);
        }
        parents.clear();
        history.parents(number, &mut parents)?;
        for parent in parents.iter().copied() {
            let before = history.node(parent).flags;
            let wanted = before & WANTED != 0 && before & HIDDEN == 0;
            let flag = if hidden { HIDDEN } else { WANTED };
            if history.mark(parent, flag) == Change::Same {
                continue;
            }
            if hidden {
                // What turns out to be hidden is looked at again, to hide its parents.
                if before & DONE == 0 {
                    open -= usize::from(wanted);
                } else {
                    live -= usize::from(wanted);
                }
                queue.push(history, parent);
            } else if before & HIDDEN == 0 {
                open += 1;
                queue.push(history, parent);
            }
        }
    }
    met.retain(|number| history.node(*number).flags & HIDDEN == 0);
    Ok(Found {
        commits: met,
        capped,
    })
}
