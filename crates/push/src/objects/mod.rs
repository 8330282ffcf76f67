//! Which objects the server lacks, and which of those it has are worth a delta.
//!
//! The commits come from a walk painted from both sides (`walk`), the trees and files from one pass over
//! the directories that differ (`trees`). Stopping early only ever sends too much, never too little.

mod ahead;
mod ancestor;
mod commit_source;
mod commit_text;
mod commits;
mod directory;
mod path_hash;
mod remote_objects;
mod slop;
mod trees;
mod walk;

pub use super::store::{OBJECT_DIRECTORY_KEY, ObjectError, Reader, StoreError};
pub use ahead::{Ahead, ahead};
pub use ancestor::is_fast_forward;
pub(super) use ancestor::{absent_ancestor, is_fast_forward_with};
pub(super) use commits::NewCommits;
pub use remote_objects::RemoteObjects;

use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::objs::Kind;

use super::by_id::IdSet;
use super::progress::Progress;
use commit_source::{Check, CommitSource};
use trees::TreeWalk;

/// Whose history is asked for, and what the server has of it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The commit to push.
    pub new: ObjectId,
    /// What the server has. It may name objects that are not here, and tags.
    pub has: &'a [ObjectId],
    /// What the pushed ref is now. Its objects are looked at even where it is no ancestor, so that an amended
    /// commit sends only what differs.
    pub old_tip: Option<ObjectId>,
}

/// One object to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// The object.
    pub id: ObjectId,
    /// What it is.
    pub kind: Kind,
    /// The path where it was found first, as a hash with the kind. Objects of one path make good deltas.
    pub path: u64,
    /// The last part of that path, as a hash.
    pub name: u64,
}

/// What is to be sent, and what the server has beside it.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// In the order of the pack: commits newest first, then trees, then files. Objects of one path lie
    /// together, the newest first.
    pub objects: Vec<Selected>,
    /// What the server has.
    pub remote: RemoteObjects,
}

impl Selection {
    /// Returns what is selected and not here: a partial clone leaves objects out.
    pub(super) fn absent(&self, reader: &Reader) -> Vec<ObjectId> {
        let ids = self.objects.iter().map(|object| object.id);
        ids.filter(|id| !reader.contains(id)).collect()
    }

    /// Returns the commits that the server lacks, newest first.
    pub fn commits(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let commits = self.objects.iter();
        commits
            .take_while(|object| object.kind == Kind::Commit)
            .map(|object| object.id)
    }
}

/// Why the objects cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// An object that is needed cannot be had.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A directory that the server has is not here, so what is new cannot be told: a treeless clone.
    #[error("the tree {0}, which the server has, is missing from the repository")]
    MissingKnownTree(ObjectId),
    /// The object directories cannot be read.
    #[error("the object database cannot be read")]
    Store(#[from] StoreError),
    /// The list of shallow commits or the commit-graph cannot be read.
    #[error("the repository's history cannot be read")]
    History(#[source] gix::Error),
    /// There are more objects than a pack can hold.
    #[error("there are too many objects for one pack")]
    TooMany,
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Lists what the server lacks of a commit and its history. Replacement refs are ignored.
pub fn select(
    repo: &gix::Repository,
    wanted: Wanted<'_>,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<Selection, SelectError> {
    let reader = Reader::new(repo)?;
    let new = new_commits(repo, &reader, wanted, stop)?;
    select_from(&reader, &new, progress, stop)
}

/// Lists the commits that the server lacks.
pub(super) fn new_commits(
    repo: &gix::Repository,
    reader: &Reader,
    wanted: Wanted<'_>,
    stop: &AtomicBool,
) -> Result<NewCommits, SelectError> {
    let here = |id: &ObjectId| reader.contains(id);
    let has: Vec<ObjectId> = wanted.has.iter().copied().filter(here).collect();
    let wanted = Wanted {
        has: &has,
        old_tip: wanted.old_tip.filter(here),
        ..wanted
    };

    let shallow = shallow_commits(repo)?;
    let graph = if shallow.is_empty() {
        // It only saves time; without it, or with one that is damaged, commits are read.
        repo.commit_graph_if_enabled().ok().flatten()
    } else {
        None
    };
    let source = CommitSource {
        find: reader,
        graph: graph.as_ref(),
        shallow: &shallow,
        check: Check::Trust,
    };
    commits::new_commits(&source, wanted, stop)
}

/// Lists what comes with new commits, from any source of objects.
pub(super) fn select_from<F: gix::objs::Find>(
    find: &F,
    new: &NewCommits,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<Selection, SelectError> {
    let mut walk = TreeWalk::new(find, progress, stop);
    for tree in &new.boundary_trees {
        walk.add_known_root(*tree);
    }
    for (commit, tree) in &new.commits {
        walk.add_commit(*commit, *tree)?;
    }
    walk.finish()
}

/// Returns the commits whose parents are not here by design.
fn shallow_commits(repo: &gix::Repository) -> Result<IdSet, SelectError> {
    let commits = repo.shallow_commits().map_err(SelectError::History)?;
    Ok(commits
        .map(|commits| commits.iter().copied().collect())
        .unwrap_or_default())
}
