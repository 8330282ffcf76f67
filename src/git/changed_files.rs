//! Which files a branch changes: its tip compared with the commits that it was branched from.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryMode;
use sendoff_push::objects::{Reader, SelectError};

use super::commit::Commit;
use super::{RangeError, Repo};

/// How deep directories are searched; git refuses paths that are much longer.
const MAX_DEPTH: usize = 512;
/// The largest directory that is searched, in bytes of its tree: it has room for a hundred thousand files.
const MAX_TREE: u64 = 8 << 20;

/// The trees of a branch's tip and of the commits that it was branched from.
///
/// A file counts as changed when the tip has it otherwise than every commit that the branch was branched from: what a merge of
/// the base brought is not a change of the branch.
pub struct ChangedFiles {
    reader: Reader,
    tip: ObjectId,
    bases: Vec<ObjectId>,
    /// The trees on the way to paths that were asked for: most of these begin alike.
    seen: RefCell<HashMap<ObjectId, Rc<[Entry]>>>,
    stop: Arc<AtomicBool>,
}

/// An entry of a tree.
type Entry = (BString, EntryMode, ObjectId);

impl Repo {
    /// Looks at the trees of `commits`, which a branch has and its base lacks, oldest first.
    pub fn changed_files(&self, commits: &[Commit]) -> Result<Option<ChangedFiles>, RangeError> {
        let Some(tip) = commits.last() else {
            return Ok(None);
        };
        let reader = Reader::new(&self.thread_local()?).map_err(SelectError::from)?;
        let own: HashSet<ObjectId> = commits.iter().map(|commit| commit.id).collect();
        let parents = commits.iter().flat_map(|commit| &commit.parents);
        let mut bases = Vec::new();
        for parent in parents.filter(|parent| !own.contains(*parent)) {
            let tree = match reader.find(*parent).map_err(SelectError::from)? {
                Some((_, text)) => Commit::parse(*parent, &text).tree,
                // Beyond the end of a shallow clone.
                None if self.is_shallow() => continue,
                None => return Err(RangeError::Missing(*parent)),
            };
            if !bases.contains(&tree) {
                bases.push(tree);
            }
        }
        Ok(Some(ChangedFiles {
            reader,
            tip: tip.tree,
            bases,
            seen: RefCell::default(),
            stop: Arc::clone(&self.stop),
        }))
    }
}

impl ChangedFiles {
    /// Returns those of `paths` that are changed: files, and directories (with a `/` at the end) in which one is.
    pub fn among<'p>(&self, paths: &[&'p str]) -> Result<Vec<&'p str>, RangeError> {
        let mut changed = Vec::new();
        for path in paths {
            let now = self.at(self.tip, path)?;
            let mut was_so = false;
            for base in &self.bases {
                was_so |= self.at(*base, path)? == now;
            }
            let is_new = self.bases.is_empty() && now.is_some();
            if is_new || !(was_so || self.bases.is_empty()) {
                changed.push(*path);
            }
        }
        Ok(changed)
    }

    /// Counts the changed files; of more than `most` only that they are more.
    pub fn count(&self, most: usize) -> Result<usize, RangeError> {
        Count {
            files: self,
            most,
            seen: HashMap::new(),
        }
        .below(Some(self.tip), &self.bases, 0)
    }

    /// Returns what a tree has at a path.
    fn at(&self, root: ObjectId, path: &str) -> Result<Option<(EntryMode, ObjectId)>, RangeError> {
        let mut tree = root;
        let mut found = None;
        for name in path.trim_end_matches('/').split('/') {
            if let Some((mode, id)) = found {
                if !EntryMode::is_tree(&mode) {
                    return Ok(None);
                }
                tree = id;
            }
            let entries = self.entries_once(tree)?;
            let entry = entries.iter().find(|(entry, _, _)| entry == name);
            let Some((_, mode, id)) = entry else {
                return Ok(None);
            };
            found = Some((*mode, *id));
        }
        Ok(found)
    }

    fn entries_once(&self, tree: ObjectId) -> Result<Rc<[Entry]>, RangeError> {
        if let Some(entries) = self.seen.borrow().get(&tree) {
            return Ok(Rc::clone(entries));
        }
        let entries: Rc<[Entry]> = self.entries(tree)?.into();
        let mut seen = self.seen.borrow_mut();
        Ok(Rc::clone(seen.entry(tree).or_insert(entries)))
    }

    fn entries(&self, tree: ObjectId) -> Result<Vec<Entry>, RangeError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(RangeError::Stopped);
        }
        if self.reader.size(&tree).is_some_and(|size| size > MAX_TREE) {
            let why = format!("the directory {tree} is larger than {MAX_TREE} bytes");
            return Err(RangeError::TooLarge(why.into()));
        }
        let found = self.reader.find(tree).map_err(SelectError::from)?;
        let (kind, data) = found.ok_or(RangeError::Missing(tree))?;
        if kind != gix::objs::Kind::Tree {
            return Err(RangeError::Corrupt(tree));
        }
        TreeRefIter::from_bytes(&data, tree.kind())
            .map(|entry| {
                let entry = entry.map_err(|_| RangeError::Corrupt(tree))?;
                Ok((entry.filename.to_owned(), entry.mode, entry.oid.to_owned()))
            })
            .collect()
    }
}

/// The entries of a tree by their names; of two that have the same one the first.
fn by_name(entries: &[Entry]) -> HashMap<&BString, (EntryMode, ObjectId)> {
    let named = entries.iter().rev();
    named.map(|(name, mode, id)| (name, (*mode, *id))).collect()
}

/// A tree of the tip and those of the bases beside it.
type Side = (Option<ObjectId>, Vec<ObjectId>);

/// A count of changed files.
struct Count<'f> {
    files: &'f ChangedFiles,
    most: usize,
    /// What was counted of trees that lie side by side: the same ones can do so at any number of paths.
    seen: HashMap<Side, usize>,
}

impl Count<'_> {
    /// Counts the files below a tree of the tip, `None` where it has none, that differ from those of all `bases`.
    fn below(
        &mut self,
        tip: Option<ObjectId>,
        bases: &[ObjectId],
        depth: usize,
    ) -> Result<usize, RangeError> {
        if tip.is_some_and(|tip| bases.contains(&tip)) || depth > MAX_DEPTH {
            return Ok(0);
        }
        let side = (tip, bases.to_vec());
        if let Some(count) = self.seen.get(&side) {
            return Ok(*count);
        }
        let entries = |tree: &ObjectId| self.files.entries(*tree);
        let now = tip.as_ref().map_or(Ok(Vec::new()), entries)?;
        let before: Vec<Vec<Entry>> = bases.iter().map(entries).collect::<Result<_, _>>()?;
        let named: Vec<_> = before.iter().map(|entries| by_name(entries)).collect();
        let mut count = 0_usize;
        for (name, mode, id) in &now {
            let there = named.iter().filter_map(|names| names.get(name));
            let there: Vec<&(EntryMode, ObjectId)> = there.collect();
            if there.contains(&&(*mode, *id)) {
                continue;
            }
            count += if mode.is_tree() {
                let trees = there.iter().filter(|(mode, _)| mode.is_tree());
                let trees: Vec<ObjectId> = trees.map(|(_, id)| *id).collect();
                self.below(Some(*id), &trees, depth + 1)?
            } else {
                1
            };
            if count > self.most {
                break;
            }
        }
        let is_now = by_name(&now);
        // What is gone is gone from all of them.
        if let (Some(first), Some((_, others))) = (before.first(), named.split_first()) {
            for (name, mode, id) in first {
                let is_in_all = others.iter().all(|names| names.contains_key(name));
                if count > self.most || is_now.contains_key(name) || !is_in_all {
                    continue;
                }
                count += if mode.is_tree() {
                    self.below(None, &[*id], depth + 1)?
                } else {
                    1
                };
            }
        }
        self.seen.insert(side, count);
        Ok(count)
    }
}
