//! The order in which commits are told: parents before children, else by commit date.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix::ObjectId;

use super::history::{History, Number};

/// Returns the ids of `commits`, oldest first, as `git rev-list --date-order --reverse` would.
pub(super) fn oldest_first(history: &History<'_>, commits: &[Number]) -> Vec<ObjectId> {
    // How many children of each are still to be told.
    let mut children: HashMap<Number, usize> = commits.iter().map(|one| (*one, 0)).collect();
    for number in commits {
        for parent in history.known_parents(*number) {
            if let Some(count) = children.get_mut(parent) {
                *count += 1;
            }
        }
    }
    let mut ready = BinaryHeap::new();
    let mut pushed = 0_u32;
    let mut push = |ready: &mut BinaryHeap<_>, number: Number| {
        ready.push((history.node(number).date, Reverse(pushed), number));
        pushed = pushed.saturating_add(1);
    };
    for number in commits {
        if children.get(number) == Some(&0) {
            push(&mut ready, *number);
        }
    }
    let mut told = Vec::with_capacity(commits.len());
    while let Some((_, _, number)) = ready.pop() {
        told.push(history.id(number));
        for parent in history.known_parents(number) {
            if let Some(count) = children.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    push(&mut ready, *parent);
                }
            }
        }
    }
    told.reverse();
    told
}
