//! Where the commits of a walk are read: the commit-graph, or the objects.

use std::ops::Range;

use gix::ObjectId;
use gix::commitgraph::Graph;
use gix::objs::{Kind, TagRefIter};

use super::SelectError;
use super::commit_text::parse;
use super::slop::UNKNOWN;
use crate::by_id::IdSet;
use crate::store::ObjectError;

/// Of more parents than this, none is listed twice: a commit can repeat one a million times.
const FEW_PARENTS: usize = 64;
/// The memory that the next commit is read into, in bytes: more is let go of.
const MAX_KEPT_BUFFER: usize = 1 << 20;
/// Tags of tags of tags are followed so far.
const MAX_TAGS: u32 = 10;

/// Where commits are read.
pub(super) struct CommitSource<'a, F> {
    pub(super) find: &'a F,
    pub(super) graph: Option<&'a Graph>,
    pub(super) shallow: &'a IdSet,
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

/// A commit as it was read.
pub(super) struct Loaded {
    pub(super) tree: ObjectId,
    pub(super) time: i64,
    /// The length of the longest way to a root, or [`UNKNOWN`].
    pub(super) generation: u32,
    /// Where its parents are in the list that they were added to.
    pub(super) parents: Range<usize>,
}

impl<F: gix::objs::Find> CommitSource<'_, F> {
    /// Reads a commit into `buffer` and adds its parents to the list; `None` when it is not here or is none.
    pub(super) fn load(
        &self,
        id: ObjectId,
        parents: &mut Vec<ObjectId>,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<Loaded>, SelectError> {
        let start = parents.len();
        if let Some(graph) = self.graph
            && let Some(commit) = graph.commit_by_id(id)
        {
            for parent in commit.iter_parents() {
                let position = parent.map_err(SelectError::History)?;
                parents.push(graph.id_at(position).to_owned());
            }
            return Ok(Some(Loaded {
                tree: commit.root_tree_id().to_owned(),
                time: i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX),
                // Zero is what git wrote before it computed generations.
                generation: match commit.generation() {
                    0 => UNKNOWN,
                    generation => generation,
                },
                parents: start..parents.len(),
            }));
        }
        let data = self.find.try_find(&id, buffer);
        let Some(data) = data.map_err(|why| ObjectError::of_source(id, why))? else {
            return Ok(None);
        };
        if data.kind != Kind::Commit {
            return Ok(None);
        }
        if self.check == Check::Hash {
            data.verify_checksum(&id)
                .map_err(|_| ObjectError::Corrupt(id))?;
        }
        let mut several = IdSet::default();
        let (tree, time) = parse(data.data, id.kind(), |parent| {
            let first = parents.len() - start < FEW_PARENTS || several.insert(parent);
            if first {
                parents.push(parent);
            }
        })
        .ok_or(ObjectError::Corrupt(id))?;
        if buffer.capacity() > MAX_KEPT_BUFFER {
            *buffer = Vec::new();
        }
        // The parents of a shallow commit are not here, or not meant to be.
        if self.shallow.contains(&id) {
            parents.truncate(start);
        }
        Ok(Some(Loaded {
            tree,
            time,
            generation: UNKNOWN,
            parents: start..parents.len(),
        }))
    }

    /// Follows tags to a commit; `None` when there is none at the end.
    pub(super) fn peel(
        &self,
        mut id: ObjectId,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<ObjectId>, SelectError> {
        for _ in 0..MAX_TAGS {
            let data = self.find.try_find(&id, buffer);
            let data = data.map_err(|why| ObjectError::of_source(id, why))?;
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
