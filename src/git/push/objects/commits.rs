//! The commits that the server lacks: a walk by date, painted from both sides, that stops early.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;
use gix::commitgraph::Graph;
use gix::hashtable::HashSet;
use gix::objs::Kind;
use gix::objs::TagRefIter;

use super::ById;
use super::SelectError;

/// Reached from what is to be pushed.
pub(super) const WANT: u8 = 1;
/// Reached from what the server has.
pub(super) const HAVE: u8 = 2;
/// Waits in the queue.
const QUEUED: u8 = 4;
/// So many commits are looked at after the last interesting one, for the sake of clocks that were wrong.
const SLOP: u32 = 5;
/// So many commits that turned out to be the server's are looked at for what new objects may lean on.
const MAX_PASSED: usize = 32;
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
    time: i64,
    parents: Range<usize>,
}

/// What is new and where it begins.
#[derive(Debug)]
pub(super) struct NewCommits {
    /// Newest first.
    pub(super) commits: Vec<Node>,
    /// The root trees of the commits that the server has next to the new ones.
    pub(super) boundary_trees: Vec<ObjectId>,
}

/// Lists the commits between `want` and what the server has.
pub(super) fn new_commits<F: gix::objs::Find>(
    source: &CommitSource<'_, F>,
    want: ObjectId,
    has: &[ObjectId],
    old_tip: Option<ObjectId>,
    stop: &AtomicBool,
) -> Result<NewCommits, SelectError> {
    let mut walk = Walk::new(source);
    let passed = walk.limit(want, has, old_tip, stop)?;
    let (known, found): (Vec<_>, Vec<_>) = passed
        .into_iter()
        .partition(|number| walk.flags(*number) & HAVE != 0);

    let mut seen = HashSet::default();
    let mut boundary_trees = Vec::new();
    let mut keep = |node: &Node| {
        if seen.insert(node.tree) {
            boundary_trees.push(node.tree);
        }
    };
    // Nothing new needs no boundary, and its trees need not be here.
    let old_tip = old_tip.filter(|_| !found.is_empty());
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
                None => return Err(SelectError::Missing(*parent)),
            }
        }
    }
    // Where clocks were wrong the walk passes commits before it learns that the server has them. They
    // were taken for new, so what is new may lean on them; git looks at them too.
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
    let mut commits = Vec::with_capacity(found.len());
    for number in found {
        if let Some(node) = walk.nodes.get(number) {
            commits.push(Node {
                parents: node.parents.clone(),
                ..*node
            });
        }
    }
    Ok(NewCommits {
        commits,
        boundary_trees,
    })
}

/// The walk's memory.
pub(super) struct Walk<'a, F> {
    source: &'a CommitSource<'a, F>,
    pub(super) nodes: Vec<Node>,
    numbers: ById<usize>,
    parents: Vec<ObjectId>,
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

    fn flags(&self, number: usize) -> u8 {
        self.nodes.get(number).map_or(0, |node| node.flags)
    }

    /// Walks until only what the server has is left; returns what was not painted by it when it was passed.
    fn limit(
        &mut self,
        want: ObjectId,
        has: &[ObjectId],
        old_tip: Option<ObjectId>,
        stop: &AtomicBool,
    ) -> Result<Vec<usize>, SelectError> {
        for id in has.iter().chain(old_tip.iter()) {
            // Most are commits; only what is none may be a tag of one.
            if !self.paint(*id, HAVE)?
                && let Some(commit) = self.peel(*id)?
            {
                self.paint(commit, HAVE)?;
            }
        }
        if !self.paint(want, WANT)? {
            return Err(SelectError::Missing(want));
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
        let read = |why| SelectError::Read { id, why };
        let data = self.source.find.try_find(&id, &mut self.buffer);
        let Some(data) = data.map_err(read)? else {
            return Ok(None);
        };
        if data.kind != Kind::Commit {
            return Ok(None);
        }
        if self.source.check == Check::Hash {
            data.verify_checksum(&id)
                .map_err(|_| SelectError::Corrupt(id))?;
        }
        let parents = &mut self.parents;
        let (tree, time) = parse(data.data, id.kind(), |parent| parents.push(parent))
            .ok_or(SelectError::Corrupt(id))?;
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
            let data = data.map_err(|why| SelectError::Read { id, why })?;
            match data {
                Some(data) if data.kind == Kind::Commit => return Ok(Some(id)),
                Some(data) if data.kind == Kind::Tag => {
                    let tag = TagRefIter::from_bytes(data.data, id.kind());
                    id = tag.target_id().map_err(|_| SelectError::Corrupt(id))?;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Reads tree, parents and the committer's time of a commit in one pass; `None` when it is malformed.
fn parse(
    commit: &[u8],
    kind: gix::hash::Kind,
    mut parent: impl FnMut(ObjectId),
) -> Option<(ObjectId, i64)> {
    let id = |line: &[u8]| {
        let hex = line.get(..kind.len_in_hex())?;
        ObjectId::from_hex(hex).ok()
    };
    let mut lines = commit.split(|byte| *byte == b'\n');
    let tree = id(lines.next()?.strip_prefix(b"tree ")?)?;
    for line in lines {
        if let Some(hex) = line.strip_prefix(b"parent ") {
            parent(id(hex)?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            return Some((tree, time_of(committer)));
        } else if line.is_empty() {
            break;
        }
    }
    // Old tools made commits without a committer; git takes them for the oldest.
    Some((tree, 0))
}

/// Returns the seconds that stand after a name and an address; 0 when there are none.
fn time_of(committer: &[u8]) -> i64 {
    let after = committer.rsplit(|byte| *byte == b'>').next();
    let word = after.and_then(|text| {
        text.split(|byte| *byte == b' ')
            .find(|word| !word.is_empty())
    });
    let number = word.and_then(|word| std::str::from_utf8(word).ok());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_gives_its_tree_parents_and_time() {
        let hex = |digit: &str| digit.repeat(40);
        let id = |digit: &str| ObjectId::from_hex(hex(digit).as_bytes()).unwrap();
        let text = format!(
            "tree {}\nparent {}\nparent {}\nauthor A <a> 5 +0000\ncommitter B <b> 1700000000 +0100\n\nparent {}\n",
            hex("1"),
            hex("2"),
            hex("3"),
            hex("4")
        );
        let mut parents = Vec::new();
        let found = parse(text.as_bytes(), gix::hash::Kind::Sha1, |id| {
            parents.push(id);
        });
        assert_eq!(found, Some((id("1"), 1_700_000_000)));
        assert_eq!(parents, [id("2"), id("3")]);
    }

    #[test]
    fn malformed_commits_are_told_apart() {
        let parse = |text: &str| parse(text.as_bytes(), gix::hash::Kind::Sha1, drop);
        let tree = format!("tree {}\n", "1".repeat(40));
        for text in ["", "tree 12\n", "parent x", &format!("{tree}parent 12\n")] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let time = |line: &str| parse(&format!("{tree}{line}\n\n")).unwrap().1;
        assert_eq!(time("committer B <b> soon +0000"), 0);
        assert_eq!(time("committer B <b>"), 0);
        assert_eq!(time("committer B <b> -5 +0000"), -5);
        assert_eq!(time("committer B > <b> 99999999999999999999 +0000"), 0);
    }
}
