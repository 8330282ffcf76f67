//! The check of submodules: a push that names a commit which no remote of the submodule has breaks every other clone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice, ByteVec};
use gix::objs::tree::EntryKind;

use crate::git::{ConfigFiles, LocalConfigTrust, Repo};

use super::error::LocalCheckError;

/// How many submodule commits of one push are checked.
const MAX_SUBMODULE_COMMITS: usize = 1000;
/// How many remote-tracking refs of a submodule are read.
const MAX_TRACKING_REFS: usize = 10_000;
/// How deep the directories are that are searched.
const MAX_DEPTH: usize = 200;

/// Refuses a push whose commits name commits of a submodule that are here and that none of its
/// remotes is known to have. As for git, what is not here is not our business.
pub(super) fn check(
    repo: &gix::Repository,
    commits: &mut dyn Iterator<Item = ObjectId>,
    stop: &AtomicBool,
) -> Result<(), LocalCheckError> {
    let Some(top) = repo.workdir().filter(|top| has_submodules(repo, top)) else {
        return Ok(());
    };
    let mut links = SubmoduleCommits {
        repo,
        stop,
        found: BTreeSet::new(),
    };
    for commit in commits {
        links.of_commit(commit);
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

/// The submodule commits that commits bring in. Objects that cannot be read are told by who packs them.
struct SubmoduleCommits<'a> {
    repo: &'a gix::Repository,
    stop: &'a AtomicBool,
    found: BTreeSet<(BString, ObjectId)>,
}

impl SubmoduleCommits<'_> {
    fn of_commit(&mut self, id: ObjectId) {
        let tree_of = |id| Some(self.repo.find_commit(id).ok()?.tree_id().ok()?.detach());
        let Ok(commit) = self.repo.find_commit(id) else {
            return;
        };
        let parent = commit.parent_ids().next().map(gix::Id::detach);
        let before = parent.and_then(tree_of);
        if let Some(tree) = tree_of(id) {
            self.between(before, tree, &BString::default(), 0);
        }
    }

    /// Looks at what `new` has and `old` has not, directory by directory.
    fn between(&mut self, old: Option<ObjectId>, new: ObjectId, path: &BString, depth: usize) {
        let done = self.found.len() >= MAX_SUBMODULE_COMMITS || self.stop.load(Ordering::Relaxed);
        if old == Some(new) || depth > MAX_DEPTH || done {
            return;
        }
        let Ok(tree) = self.repo.find_tree(new) else {
            return;
        };
        let before = old.and_then(|old| self.repo.find_tree(old).ok());
        for entry in tree.iter().flatten() {
            let (name, id) = (entry.filename(), entry.object_id());
            let was = before.as_ref().and_then(|tree| {
                let mut entries = tree.iter().flatten();
                entries.find(|old| old.filename() == name)
            });
            let was = was.filter(|old| old.mode().kind() == entry.mode().kind());
            let was = was.map(|old| old.object_id());
            if was == Some(id) {
                continue;
            }
            let mut below = path.clone();
            if !below.is_empty() {
                below.push_byte(b'/');
            }
            below.push_str(name);
            match entry.mode().kind() {
                EntryKind::Commit => {
                    self.found.insert((below, id));
                }
                EntryKind::Tree => self.between(was, id, &below, depth + 1),
                _ => {}
            }
        }
    }
}

/// Says whether a submodule has the commit and none of its remotes is known to; nothing when there is
/// no such repository, it lacks the commit, or it has no remote at all.
fn is_unpublished(top: &Path, path: &BString, id: ObjectId) -> Option<bool> {
    let submodule = open(top, path)?;
    let repo = submodule.thread_local().ok()?;
    if !gix::objs::Exists::exists(&repo.objects, &id) {
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

/// Opens the submodule that is checked out at `path`. A tree can name any path: none leads out.
fn open(top: &Path, path: &BString) -> Option<Repo> {
    let relative = path.to_path().ok()?;
    let plain = |part| matches!(part, std::path::Component::Normal(_));
    if !relative.components().all(plain) {
        return None;
    }
    let top = top.canonicalize().ok()?;
    let directory = top.join(relative);
    // A link on the way would lead to somebody else's repository.
    if directory.canonicalize().ok()? != directory {
        return None;
    }
    let found = Repo::discover(
        &directory,
        LocalConfigTrust::Ignore,
        &ConfigFiles::default(),
    );
    let submodule = found.ok()??;
    (submodule.work_tree() == Some(&directory)).then_some(submodule)
}
