//! `History`: commits by number, read once, from the commit-graph where it knows them.

use std::collections::HashSet;

use gix::ObjectId;
use gix::commitgraph::{Graph, Position};
use gix::hashtable::HashMap;
use gix::prelude::Find;

use super::RangeError;
use super::raw::read_commit;

/// Reached from a base: not ahead.
pub(super) const HIDDEN: u8 = 1;
/// Reached from the tip.
pub(super) const WANTED: u8 = 2;
/// Taken from the queue before.
pub(super) const DONE: u8 = 4;

/// The generation of a commit that the commit-graph does not know: it may be above all that it does.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// A commit, by its place in the table of [`History`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Number(u32);

/// What the walks need of a commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Seconds since the epoch.
    pub(super) date: i64,
    /// The length of the longest way to a root, or [`UNKNOWN`].
    pub(super) generation: u32,
    /// What the walks found.
    pub(super) flags: u8,
    parents: Parents,
    name: Name,
}

/// How the parents are known.
#[derive(Debug, Clone, Copy)]
enum Parents {
    /// By their ids, in a range of `parent_ids`.
    Ids(u32, u32),
    /// By the commit-graph.
    Graph,
    /// By numbers, in a range of `parent_numbers`.
    Numbers(u32, u32),
}

/// How the id is known.
#[derive(Debug, Clone, Copy)]
enum Name {
    Id(ObjectId),
    Graph(Position),
}

/// The part of the history that was looked at.
pub(super) struct History<'a> {
    repo: &'a gix::Repository,
    graph: Option<&'a Graph>,
    shallow: HashSet<ObjectId>,
    nodes: Vec<Node>,
    by_id: HashMap<ObjectId, Number>,
    /// By position in the commit-graph: number plus one, zero when it was not looked at.
    by_position: Vec<u32>,
    parent_ids: Vec<ObjectId>,
    parent_numbers: Vec<Number>,
    data: Vec<u8>,
}

impl<'a> History<'a> {
    pub(super) fn new(
        repo: &'a gix::Repository,
        graph: Option<&'a Graph>,
        is_shallow: bool,
    ) -> Result<Self, RangeError> {
        let mut shallow = HashSet::new();
        if is_shallow {
            let known = repo
                .shallow_commits()
                .map_err(|error| RangeError::Shallow(Box::new(error)))?;
            if let Some(known) = known {
                shallow.extend(known.iter().copied());
            }
        }
        let size = graph.map_or(0, Graph::num_commits) as usize;
        Ok(Self {
            repo,
            graph,
            shallow,
            nodes: Vec::new(),
            by_id: HashMap::default(),
            by_position: vec![0; size],
            parent_ids: Vec::new(),
            parent_numbers: Vec::new(),
            data: Vec::new(),
        })
    }

    /// Returns how many commits were looked at.
    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the commit, or nothing when it is not in the repository.
    pub(super) fn find(&mut self, id: ObjectId) -> Result<Option<Number>, RangeError> {
        // An id of another length is not even looked for.
        if id.kind() != self.repo.object_hash() {
            return Ok(None);
        }
        if let Some((graph, position)) = self.graph.and_then(|g| Some((g, g.lookup(id)?))) {
            return Ok(Some(self.at_position(graph, position)));
        }
        if let Some(number) = self.by_id.get(&id) {
            return Ok(Some(*number));
        }
        let found = self
            .repo
            .objects
            .try_find(&id, &mut self.data)
            .map_err(|error| RangeError::Read {
                id,
                source: Box::new(error),
            })?;
        let Some(object) = found else {
            return Ok(None);
        };
        if !object.kind.is_commit() {
            return Err(RangeError::Corrupt(id));
        }
        let start = self.parent_ids.len();
        let date = read_commit(object.data, &mut self.parent_ids).ok_or(RangeError::Corrupt(id))?;
        if self.shallow.contains(&id) {
            self.parent_ids.truncate(start);
        }
        let end = self.parent_ids.len();
        let number = self.add(Node {
            date,
            generation: UNKNOWN,
            flags: 0,
            parents: Parents::Ids(index(start), index(end)),
            name: Name::Id(id),
        });
        self.by_id.insert(id, number);
        Ok(Some(number))
    }

    fn at_position(&mut self, graph: &Graph, position: Position) -> Number {
        let known = self
            .by_position
            .get(position.0 as usize)
            .copied()
            .unwrap_or(0);
        if let Some(number) = known.checked_sub(1) {
            return Number(number);
        }
        let commit = graph.commit_at(position);
        // Zero is what git wrote before it computed generations.
        let generation = match commit.generation() {
            0 => UNKNOWN,
            generation => generation,
        };
        let number = self.add(Node {
            date: i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX),
            generation,
            flags: 0,
            parents: Parents::Graph,
            name: Name::Graph(position),
        });
        if let Some(slot) = self.by_position.get_mut(position.0 as usize) {
            *slot = number.0 + 1;
        }
        number
    }

    fn add(&mut self, node: Node) -> Number {
        let number = Number(index(self.nodes.len()));
        self.nodes.push(node);
        number
    }

    /// Returns what is known of the commit.
    #[expect(
        clippy::indexing_slicing,
        reason = "a number is made only together with its node, and nodes are never removed"
    )]
    pub(super) fn node(&self, number: Number) -> &Node {
        &self.nodes[number.0 as usize]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a number is made only together with its node, and nodes are never removed"
    )]
    fn node_mut(&mut self, number: Number) -> &mut Node {
        &mut self.nodes[number.0 as usize]
    }

    /// Adds flags to a commit; says whether one of them is new.
    pub(super) fn mark(&mut self, number: Number, flags: u8) -> Change {
        let node = self.node_mut(number);
        let before = node.flags;
        node.flags |= flags;
        if node.flags == before {
            Change::Same
        } else {
            Change::New
        }
    }

    /// Returns the id of a commit.
    pub(super) fn id(&self, number: Number) -> ObjectId {
        match (self.node(number).name, self.graph) {
            (Name::Graph(position), Some(graph)) => graph.id_at(position).to_owned(),
            (Name::Id(id), _) => id,
            (Name::Graph(_), None) => ObjectId::null(self.repo.object_hash()),
        }
    }

    /// Looks at the parents and appends them to `parents`.
    ///
    /// A missing parent is an error, unless the commit is `HIDDEN`: like git we look past that.
    pub(super) fn parents(
        &mut self,
        number: Number,
        parents: &mut Vec<Number>,
    ) -> Result<(), RangeError> {
        let node = *self.node(number);
        let start = self.parent_numbers.len();
        match (node.parents, node.name, self.graph) {
            (Parents::Numbers(start, end), ..) => {
                parents.extend_from_slice(self.numbers(start, end));
                return Ok(());
            }
            (Parents::Graph, Name::Graph(position), Some(graph)) => {
                for parent in graph.commit_at(position).iter_parents() {
                    let parent = parent.map_err(|error| RangeError::Read {
                        id: graph.id_at(position).to_owned(),
                        source: Box::new(error),
                    })?;
                    let parent = self.at_position(graph, parent);
                    self.parent_numbers.push(parent);
                }
            }
            (Parents::Ids(first, end), ..) => {
                for at in first..end {
                    let Some(id) = self.parent_ids.get(at as usize).copied() else {
                        break;
                    };
                    match self.find(id)? {
                        Some(parent) => self.parent_numbers.push(parent),
                        None if node.flags & HIDDEN != 0 => {}
                        None => return Err(RangeError::Missing(id)),
                    }
                }
            }
            (Parents::Graph, ..) => {}
        }
        let (start, end) = (index(start), index(self.parent_numbers.len()));
        self.node_mut(number).parents = Parents::Numbers(start, end);
        parents.extend_from_slice(self.numbers(start, end));
        Ok(())
    }

    /// Returns the parents of a commit that [`parents`](Self::parents) was called for.
    pub(super) fn known_parents(&self, number: Number) -> &[Number] {
        match self.node(number).parents {
            Parents::Numbers(start, end) => self.numbers(start, end),
            Parents::Ids(..) | Parents::Graph => &[],
        }
    }

    fn numbers(&self, start: u32, end: u32) -> &[Number] {
        self.parent_numbers
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// Whether a mark was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    New,
    Same,
}

/// The walks stop long before there are four thousand million commits.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
