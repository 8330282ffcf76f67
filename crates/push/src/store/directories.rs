//! `Directories`: the object directories of a repository, its own first, and what in them leads elsewhere.
//!
//! Git's `gitrepository-layout`, "objects" and "objects/info/alternates".

use std::fs::read_dir;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::StoreError;
use super::alternates::{named, with_alternates};
use crate::borrowed::Borrowed;

/// All object directories of a repository.
#[derive(Debug, Clone)]
pub(crate) struct Directories {
    pub(super) kind: gix::hash::Kind,
    pub(super) paths: Vec<PathBuf>,
    /// So many of the first are the repository's own, or were made for this push.
    own: usize,
    /// What is read through links, or of others.
    pub(super) borrowed: Borrowed,
    /// Whether it is a part: what may be sent.
    is_part: bool,
    /// The first bytes of loose objects that lie behind a link, in a part.
    pub(super) linked: Vec<u8>,
}

impl Directories {
    /// Finds those of a repository.
    pub(super) fn of(repo: &gix::Repository, borrowed: Borrowed) -> Result<Self, StoreError> {
        let named = named(repo);
        let mut paths = with_alternates(vec![repo.objects.store_ref().path().to_owned()])?;
        let own = match paths.len() {
            1 => 1,
            _ => own_first(repo, &mut paths),
        };
        // What the opener names is no less its own word than the repository.
        let own = own + insert(&mut paths, own, &named);
        let paths = match named.len() {
            0 => paths,
            _ => with_alternates(paths)?,
        };
        Ok(Self {
            kind: repo.object_hash(),
            paths,
            own,
            borrowed,
            is_part: false,
            linked: Vec::new(),
        })
    }

    /// Finds the object directory `path` of a repository, and what its lists of alternates lead to.
    pub(super) fn at(path: PathBuf, kind: gix::hash::Kind) -> Result<Self, StoreError> {
        Ok(Self {
            kind,
            paths: with_alternates(vec![path])?,
            own: 1,
            borrowed: Borrowed::Sent,
            is_part: false,
            linked: Vec::new(),
        })
    }

    /// Returns the repository's own directories without what leads out of them; none where that is all that there is.
    /// `linked_packs` says that packs are links.
    pub(super) fn own(&self, linked_packs: bool) -> Option<Self> {
        if self.borrowed == Borrowed::Sent || self.is_part {
            return None;
        }
        let paths = self.paths.get(..self.own).unwrap_or_default();
        let linked: Vec<u8> = paths.iter().flat_map(|path| linked_below(path)).collect();
        let is_all = paths.len() == self.paths.len() && linked.is_empty() && !linked_packs;
        (!is_all).then(|| Self {
            paths: paths.to_vec(),
            is_part: true,
            linked,
            ..self.clone()
        })
    }

    /// Says whether these are a part of all: nothing that leads out of them is followed.
    pub(super) const fn is_part(&self) -> bool {
        self.is_part
    }

    /// Returns when a pack came or went last, for each directory.
    pub(super) fn changed(&self) -> Vec<Option<SystemTime>> {
        let paths = self.paths.iter();
        let found = paths.map(|path| std::fs::metadata(path.join("pack")).ok()?.modified().ok());
        found.collect()
    }
}

/// Puts the repository's own directories first, and says how many they are: where objects were fetched for a push, the
/// repository's are alternates of those.
fn own_first(repo: &gix::Repository, paths: &mut Vec<PathBuf>) -> usize {
    let objects = repo.common_dir().join("objects").canonicalize().ok();
    let at = paths.iter().skip(1);
    let at = at
        .map(|path| path.canonicalize().ok())
        .position(|path| path.is_some() && path == objects);
    match at {
        Some(at) => {
            let own = paths.remove(at + 1);
            paths.insert(1, own);
            2
        }
        None => 1,
    }
}

/// Puts the directories of `more` that are there at a place of `paths`, and says how many they are.
fn insert(paths: &mut Vec<PathBuf>, at: usize, more: &[PathBuf]) -> usize {
    let real = |path: &PathBuf| path.canonicalize().ok();
    let mut count = 0;
    for path in more.iter().filter(|path| path.is_dir()) {
        let before = paths.iter().take(at + count);
        if before.map(real).any(|known| known == real(path)) {
            continue;
        }
        paths.retain(|other| real(other) != real(path));
        paths.insert(at + count, path.clone());
        count += 1;
    }
    count
}

/// Returns the first bytes of the loose objects that lie behind a link.
fn linked_below(directory: &Path) -> Vec<u8> {
    let entries = read_dir(directory).into_iter().flatten().flatten();
    // The system lists the kinds with the names.
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links
        .filter_map(|link| u8::from_str_radix(link.file_name().to_str()?, 16).ok())
        .collect()
}
