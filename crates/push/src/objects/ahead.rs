//! The commits that a tip has and its bases have not, oldest first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::commitgraph::Graph;

use super::commit_source::{Check, CommitSource};
use super::slop::Slop;
use super::walk::{HAVE, Walk};
use super::{SelectError, Wanted, shallow_commits};
use crate::store::{ObjectError, Reader};

/// What a tip has and its bases have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The commits in the order of `git rev-list --date-order --reverse`: parents before children, else by date.
    pub commits: Vec<ObjectId>,
    /// The history is longer than was asked for: there can be more commits, and some of these can be the bases'.
    pub capped: bool,
}

/// Lists the commits that `tip` reaches and none of `bases` does. A base that is not here excludes nothing.
///
/// `reader` reads the objects of `repo`. At most `limit` commits are looked at, until `stop` is set. `graph` saves time; in a shallow clone there must be none.
pub fn ahead(
    repo: &gix::Repository,
    reader: &Reader,
    graph: Option<&Graph>,
    tip: ObjectId,
    bases: &[ObjectId],
    limit: usize,
    stop: &AtomicBool,
) -> Result<Ahead, SelectError> {
    let shallow = shallow_commits(repo)?;
    let source = CommitSource {
        find: reader,
        graph,
        shallow: &shallow,
        check: Check::Trust,
    };
    // An id of another length is not even looked for.
    let kind = repo.object_hash();
    if tip.kind() != kind {
        return Err(ObjectError::Missing(tip).into());
    }
    let has: Vec<ObjectId> = bases
        .iter()
        .copied()
        .filter(|id| id.kind() == kind)
        .collect();
    let wanted = Wanted {
        new: tip,
        has: &has,
        old_tip: None,
    };
    let mut walk = Walk::new(&source);
    walk.start(wanted, stop)?;
    let found = walk.run(Slop::EXACT, limit, stop)?;
    let mut passed = found.passed;
    passed.retain(|number| walk.flags(*number) & HAVE == 0);
    if !found.capped
        && let Some(missing) = first_missing(&walk, &passed)
    {
        return Err(ObjectError::Missing(missing).into());
    }
    Ok(Ahead {
        commits: oldest_first(&walk, &passed),
        capped: found.capped,
    })
}

/// Returns a parent that is not here.
fn first_missing<F: gix::objs::Find>(walk: &Walk<'_, F>, passed: &[usize]) -> Option<ObjectId> {
    let mut parents = passed.iter().flat_map(|number| walk.parents_of(*number));
    parents.find(|parent| walk.find(parent).is_none()).copied()
}

/// Returns the ids of commits, parents before children, else by date.
fn oldest_first<F: gix::objs::Find>(walk: &Walk<'_, F>, commits: &[usize]) -> Vec<ObjectId> {
    // How many children of each are still to be listed.
    let mut children: HashMap<usize, usize> = commits.iter().map(|one| (*one, 0)).collect();
    let parents = |number: usize| {
        let ids = walk.parents_of(number).iter();
        ids.filter_map(|id| walk.number_of(id))
    };
    for parent in commits.iter().flat_map(|number| parents(*number)) {
        if let Some(count) = children.get_mut(&parent) {
            *count += 1;
        }
    }
    let mut ready = BinaryHeap::new();
    let mut pushed = 0_usize;
    let mut push = |ready: &mut BinaryHeap<_>, number: usize| {
        if let Some(node) = walk.nodes.get(number) {
            ready.push((node.time, Reverse(pushed), number));
            pushed += 1;
        }
    };
    for number in commits {
        if children.get(number) == Some(&0) {
            push(&mut ready, *number);
        }
    }
    let mut listed = Vec::with_capacity(commits.len());
    while let Some((_, _, number)) = ready.pop() {
        listed.extend(walk.nodes.get(number).map(|node| node.id));
        for parent in parents(number) {
            if let Some(count) = children.get_mut(&parent) {
                *count -= 1;
                if *count == 0 {
                    push(&mut ready, parent);
                }
            }
        }
    }
    listed.reverse();
    listed
}
