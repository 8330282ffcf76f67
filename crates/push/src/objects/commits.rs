//! The commits that the server lacks, and the trees next to them that it has.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use super::commit_source::CommitSource;
use super::slop::Slop;
use super::walk::{HAVE, Node, Walk};
use super::{SelectError, Wanted};
use crate::by_id::IdSet;
use crate::store::{ObjectError, Reader};

/// So many commits that turned out to be the server's are searched for bases of new objects.
const MAX_PASSED: usize = 32;

/// What is new and where it begins. Everything else that is sent follows from it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewCommits {
    /// The commits and their root trees, newest first.
    pub(super) commits: Vec<(ObjectId, ObjectId)>,
    /// The root trees of the commits that the server has next to the new ones.
    pub(super) boundary_trees: Vec<ObjectId>,
}

impl NewCommits {
    /// Returns the root trees that are needed and not here: a treeless clone leaves them out.
    pub(crate) fn absent_trees(&self, reader: &Reader) -> Vec<ObjectId> {
        let trees = self.commits.iter().map(|(_, tree)| tree);
        let mut absent: Vec<ObjectId> = trees
            .chain(&self.boundary_trees)
            .filter(|id| !reader.contains(id))
            .copied()
            .collect();
        absent.sort_unstable();
        absent.dedup();
        absent
    }
}

/// Lists the commits between what is wanted and what the server has.
pub(super) fn new_commits<F: gix::objs::Find>(
    source: &CommitSource<'_, F>,
    wanted: Wanted<'_>,
    stop: &AtomicBool,
) -> Result<NewCommits, SelectError> {
    let mut walk = Walk::new(source);
    walk.start(wanted, stop)?;
    let walked = walk.run(Slop::GIT, usize::MAX, stop)?;
    let (known, found): (Vec<_>, Vec<_>) = walked
        .passed
        .into_iter()
        .partition(|number| walk.flags(*number) & HAVE != 0);

    let mut seen = IdSet::default();
    let mut boundary_trees = Vec::new();
    let mut keep = |node: &Node| {
        if seen.insert(node.tree) {
            boundary_trees.push(node.tree);
        }
    };
    // Nothing new needs no boundary, and its trees need not be here.
    let old_tip = wanted.old_tip.filter(|_| !found.is_empty());
    if let Some(node) = old_tip.and_then(|id| walk.find(&id)) {
        keep(node);
    }
    for number in &found {
        let Some(node) = walk.nodes.get(*number) else {
            continue;
        };
        for parent in walk.parents.get(node.parents.clone()).unwrap_or_default() {
            match walk.find(parent) {
                Some(parent) if parent.flags & HAVE != 0 => keep(parent),
                Some(_) => {}
                None => return Err(ObjectError::Missing(*parent).into()),
            }
        }
    }
    // Where clocks were wrong the walk passes commits before they turn out to be the server's. Their objects are likely
    // bases of the new ones; git uses them too.
    let known = known.into_iter().filter(|_| !found.is_empty());
    for node in known
        .take(MAX_PASSED)
        .filter_map(|number| walk.nodes.get(number))
    {
        keep(node);
        let parents = walk.parents.get(node.parents.clone()).unwrap_or_default();
        parents
            .iter()
            .filter_map(|parent| walk.find(parent))
            .for_each(&mut keep);
    }
    let nodes = found.iter().filter_map(|number| walk.nodes.get(*number));
    let commits = nodes.map(|node| (node.id, node.tree)).collect();
    Ok(NewCommits {
        commits,
        boundary_trees,
    })
}
