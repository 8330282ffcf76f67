//! Which submodules differ from what the index says. Each is opened by us, as the repository around it is: gitoxide would
//! read whatever lies in its git directory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::index::File;
use gix::index::entry::{Flags, Mode, Stage};

use crate::git::submodule::open_submodule;
use crate::git::{Head, Repo};

use super::unchanged::NOT_COMPARED;

/// How deep submodules of submodules are looked at.
const MAX_DEPTH: usize = 8;
/// The most submodules of one repository that are looked at.
const MAX_LISTED: usize = 1_000;

/// A submodule as the index has it.
pub(super) struct Listed {
    pub(super) path: BString,
    id: ObjectId,
    ignore: Ignore,
}

/// What of a submodule does not count: `submodule.<name>.ignore`, in the order of what is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ignore {
    None,
    Untracked,
    Dirty,
    All,
}

impl Ignore {
    fn of(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"none" => Self::None,
            b"untracked" => Self::Untracked,
            b"dirty" => Self::Dirty,
            b"all" => Self::All,
            _ => return None,
        })
    }
}

/// Takes the submodules out of what gitoxide compares, and returns those to look at; nothing where there are too many.
pub(super) fn list_submodules(
    ours: &Repo,
    repo: &gix::Repository,
    index: &mut File,
) -> Option<Vec<Listed>> {
    let mut found: Vec<(BString, ObjectId)> = Vec::new();
    for (entry, path) in index.entries_mut_with_paths() {
        let is_submodule = entry.mode == Mode::COMMIT && entry.stage() == Stage::Unconflicted;
        if is_submodule && !entry.flags.intersects(NOT_COMPARED) {
            entry.flags.insert(Flags::UPTODATE);
            found.push((path.to_owned(), entry.id));
        }
    }
    if found.len() > MAX_LISTED {
        return None;
    }
    if found.is_empty() {
        return Some(Vec::new());
    }
    let said = said(ours, repo);
    let default = ours.config().fact("diff.ignoreSubmodules");
    let default = default.and_then(|text| Ignore::of(&text));
    let listed = found.into_iter().map(|(path, id)| Listed {
        ignore: said.get(&path).copied().or(default).unwrap_or(Ignore::None),
        path,
        id,
    });
    Some(listed.collect())
}

/// Returns what is said of single submodules, by their paths: in the configuration, else in `.gitmodules`.
fn said(ours: &Repo, repo: &gix::Repository) -> HashMap<BString, Ignore> {
    let mut said = HashMap::new();
    let Ok(Some(modules)) = repo.modules() else {
        return said;
    };
    for name in modules.names() {
        let own = ours
            .config()
            .facts("submodule", &name.to_str_lossy(), "ignore");
        let configured = own.last().and_then(|text| Ignore::of(text));
        let shared = || {
            let key = format!("submodule.{name}.ignore");
            Ignore::of(&modules.config().string(&key)?)
        };
        if let (Ok(path), Some(ignore)) = (modules.path(name), configured.or_else(shared)) {
            said.insert(path, ignore);
        }
    }
    said
}

impl Listed {
    /// Says whether `git status` lists the submodule as changed; nothing where that cannot be said. `depth` counts the
    /// repositories around it.
    pub(super) fn is_changed(
        &self,
        ours: &Repo,
        work_tree: &Path,
        depth: usize,
        stop: &Arc<AtomicBool>,
    ) -> Option<bool> {
        if self.ignore == Ignore::All {
            return Some(false);
        }
        let directory = work_tree.join(self.path.to_path().ok()?);
        match directory.symlink_metadata() {
            Ok(found) if !found.is_dir() => return Some(true),
            Err(_) => return Some(true),
            Ok(_) => {}
        }
        if directory.join(".git").symlink_metadata().is_err() {
            // It is not checked out.
            return Some(false);
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let submodule = open_submodule(work_tree, BStr::new(&self.path), &ours.files)?;
        let head = match submodule.head().ok()? {
            Head::Branch { id, .. } | Head::Detached { id } => Some(id),
            Head::Unborn { .. } => None,
        };
        if head.is_some_and(|head| head != self.id) {
            return Some(true);
        }
        if self.ignore == Ignore::Dirty {
            return Some(false);
        }
        let found = submodule.uncommitted_at(depth, false, stop)?;
        Some(found.changed > 0 || (self.ignore == Ignore::None && found.untracked > 0))
    }
}
