//! The check of submodules: a push that names a commit which no remote of the submodule has breaks every other clone.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice, ByteVec};
use gix::objs::tree::{EntryKind, EntryRef};
use gix::objs::{CommitRefIter, Find as _, TreeRefIter};
use sendoff_push::objects::Reader;

use crate::git::ConfigFiles;
use crate::git::submodule::open_submodule;

use super::error::LocalCheckError;

/// How many submodule commits of one push are checked.
const MAX_SUBMODULE_COMMITS: usize = 1000;
/// How many remote-tracking refs of a submodule are read.
const MAX_TRACKING_REFS: usize = 10_000;
/// How deep the directories are that are searched.
const MAX_DEPTH: usize = 200;

/// Refuses a push whose commits name commits of a submodule that are here and that none of its
/// remotes is known to have. As for git, commits that are not here are not checked.
pub(super) fn check(
    repo: &gix::Repository,
    commits: &mut dyn Iterator<Item = ObjectId>,
    stop: &AtomicBool,
) -> Result<(), LocalCheckError> {
    let Some(top) = repo.workdir().filter(|top| has_submodules(repo, top)) else {
        return Ok(());
    };
    // Objects that cannot be read are reported when they are packed.
    let Ok(reader) = Reader::new(repo) else {
        return Ok(());
    };
    let mut links = SubmoduleCommits {
        reader: &reader,
        kind: repo.object_hash(),
        stop,
        seen: HashSet::default(),
        found: BTreeSet::new(),
    };
    for commit in commits {
        links.of_commit(commit)?;
    }
    for (path, id) in links.found {
        if stop.load(Ordering::Relaxed) {
            return Err(LocalCheckError::Stopped);
        }
        if is_unpublished(top, &path, id) == Some(true) {
            let path = path.to_str_lossy().into_owned();
            return Err(LocalCheckError::Submodule { path, id });
        }
    }
    Ok(())
}

/// A repository without either of the two has none that is checked out.
fn has_submodules(repo: &gix::Repository, top: &Path) -> bool {
    let there = |path: PathBuf| path.symlink_metadata().is_ok();
    there(top.join(".gitmodules")) || there(repo.common_dir().join("modules"))
}

/// The submodule commits that commits bring in.
struct SubmoduleCommits<'a> {
    reader: &'a Reader,
    kind: gix::hash::Kind,
    stop: &'a AtomicBool,
    /// The pairs of trees that were compared, wherever they stand: one tree can be named from many places.
    seen: HashSet<Trees>,
    found: BTreeSet<(BString, ObjectId)>,
}

/// A tree before and after.
type Trees = (Option<ObjectId>, ObjectId);

/// Two trees to compare at a path.
struct Pair {
    trees: Trees,
    path: BString,
    depth: usize,
}

impl SubmoduleCommits<'_> {
    fn of_commit(&mut self, id: ObjectId) -> Result<(), LocalCheckError> {
        let mut buffer = Vec::new();
        let Some((tree, parent)) = self.commit(id, &mut buffer) else {
            return Ok(());
        };
        let before = parent.and_then(|parent| self.commit(parent, &mut buffer));
        let mut pairs = vec![Pair {
            trees: (before.map(|(tree, _)| tree), tree),
            path: BString::default(),
            depth: 0,
        }];
        while let Some(pair) = pairs.pop() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(LocalCheckError::Stopped);
            }
            let (old, new) = pair.trees;
            let is_done = self.found.len() >= MAX_SUBMODULE_COMMITS || pair.depth > MAX_DEPTH;
            if old != Some(new) && !is_done && self.seen.insert(pair.trees) {
                self.compare(&pair, &mut pairs);
            }
        }
        Ok(())
    }

    /// Returns the tree and the first parent of a commit.
    fn commit(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Option<(ObjectId, Option<ObjectId>)> {
        let data = self.reader.try_find(&id, buffer).ok()??;
        let mut commit = CommitRefIter::from_bytes(data.data, self.kind);
        let tree = commit.tree_id().ok()?;
        Some((tree, commit.parent_ids().next()))
    }

    /// Walks two trees side by side, and notes what only the new one has.
    fn compare(&mut self, pair: &Pair, pairs: &mut Vec<Pair>) {
        let (old, new) = pair.trees;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let Some(after) = self.tree(new, &mut after) else {
            return;
        };
        let before = old.and_then(|old| self.tree(old, &mut before));
        let mut before = before.unwrap_or_else(|| TreeRefIter::from_bytes(&[], self.kind));
        let mut next = next_entry(&mut before);
        for entry in after.map_while(Result::ok) {
            // Both are sorted. If they are not, an entry counts as new, which costs only a second check.
            while let Some(was) = next
                && was < entry
            {
                next = next_entry(&mut before);
            }
            let was = next.filter(|was| was.filename == entry.filename);
            let was = was.filter(|was| was.mode.kind() == entry.mode.kind());
            let was = was.map(|was| was.oid.to_owned());
            let id = entry.oid.to_owned();
            let kind = entry.mode.kind();
            if was == Some(id) || !matches!(kind, EntryKind::Commit | EntryKind::Tree) {
                continue;
            }
            let path = below(&pair.path, entry.filename);
            if kind == EntryKind::Commit {
                self.found.insert((path, id));
                if self.found.len() >= MAX_SUBMODULE_COMMITS {
                    return;
                }
            } else if !self.seen.contains(&(was, id)) {
                pairs.push(Pair {
                    trees: (was, id),
                    path,
                    depth: pair.depth + 1,
                });
            }
        }
    }

    fn tree<'b>(&self, id: ObjectId, buffer: &'b mut Vec<u8>) -> Option<TreeRefIter<'b>> {
        let data = self.reader.try_find(&id, buffer).ok()??;
        let is_tree = data.kind == gix::objs::Kind::Tree;
        is_tree.then(|| TreeRefIter::from_bytes(data.data, self.kind))
    }
}

fn next_entry<'b>(entries: &mut TreeRefIter<'b>) -> Option<EntryRef<'b>> {
    entries.next()?.ok()
}

/// Returns the path of an entry.
fn below(path: &BString, name: &BStr) -> BString {
    let mut below = path.clone();
    if !below.is_empty() {
        below.push_byte(b'/');
    }
    below.push_str(name);
    below
}

/// Says whether a submodule has the commit and none of its remotes is known to; `None` when there is
/// no such repository, it lacks the commit, or it has no remote at all.
fn is_unpublished(top: &Path, path: &BString, id: ObjectId) -> Option<bool> {
    let submodule = open_submodule(top, path.as_bstr(), &ConfigFiles::default())?;
    let repo = submodule.thread_local().ok()?;
    if !Reader::new(&repo).ok()?.contains(&id) {
        return None;
    }
    let references = repo.references().ok()?;
    let remote = references.prefixed("refs/remotes/").ok()?;
    let tips: Vec<ObjectId> = remote
        .flatten()
        .filter_map(|found| found.inner.target.try_id().map(ToOwned::to_owned))
        .take(MAX_TRACKING_REFS)
        .collect();
    if tips.is_empty() {
        return None;
    }
    let ahead = submodule.ahead(id, &tips, 1).ok()?;
    Some(!ahead.commits.is_empty())
}
