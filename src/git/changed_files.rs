//! Which files a branch changes: its tip beside the commits that it left from.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryMode;
use sendoff_push::objects::{Reader, SelectError};

use super::commit::Commit;
use super::{RangeError, Repo};

/// How deep directories are looked into; git refuses paths that are much longer.
const MAX_DEPTH: usize = 512;

/// A branch's tip, and the commits that it left from, all as trees.
///
/// A file counts as changed when the tip has it otherwise than every commit that the branch left from: what came with a
/// merge of the base is not the branch's doing.
pub struct ChangedFiles {
    reader: Reader,
    tip: ObjectId,
    bases: Vec<ObjectId>,
    /// The trees on the way to paths that were asked for: most of these begin alike.
    seen: RefCell<HashMap<ObjectId, Rc<[Entry]>>>,
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

    /// Counts the changed files, up to one more than `most`.
    pub fn count(&self, most: usize) -> Result<usize, RangeError> {
        let mut count = 0;
        self.add(Some(self.tip), &self.bases, most, 0, &mut count)?;
        Ok(count)
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

    /// Adds the files below a tree of the tip, `None` where it has none, that differ from those of all `bases`.
    fn add(
        &self,
        tip: Option<ObjectId>,
        bases: &[ObjectId],
        most: usize,
        depth: usize,
        count: &mut usize,
    ) -> Result<(), RangeError> {
        let is_known = tip.is_some_and(|tip| bases.contains(&tip));
        if is_known || *count > most || depth > MAX_DEPTH {
            return Ok(());
        }
        let now = match tip {
            Some(tip) => self.entries(tip)?,
            None => Vec::new(),
        };
        let mut before = Vec::new();
        for base in bases {
            before.push(self.entries(*base)?);
        }
        let same = |entries: &[Entry], entry: &Entry| entries.contains(entry);
        for entry @ (name, mode, id) in &now {
            if before.iter().any(|entries| same(entries, entry)) {
                continue;
            }
            if mode.is_tree() {
                let trees = before
                    .iter()
                    .filter_map(|entries| tree_named(entries, name));
                let trees: Vec<ObjectId> = trees.collect();
                self.add(Some(*id), &trees, most, depth + 1, count)?;
            } else {
                *count += 1;
            }
        }
        // What is gone is gone from all of them.
        let Some((first, others)) = before.split_first() else {
            return Ok(());
        };
        for (name, mode, id) in first {
            let is_in = |entries: &Vec<Entry>| entries.iter().any(|(other, _, _)| other == name);
            if is_in(&now) || !others.iter().all(is_in) {
                continue;
            }
            if mode.is_tree() {
                self.add(None, &[*id], most, depth + 1, count)?;
            } else {
                *count += 1;
            }
        }
        Ok(())
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

fn tree_named(entries: &[Entry], wanted: &BString) -> Option<ObjectId> {
    let found = entries
        .iter()
        .find(|(name, mode, _)| name == wanted && mode.is_tree());
    found.map(|(_, _, id)| *id)
}
