//! The files of rules in a work tree, `.gitignore` and `.gitattributes`: gitoxide reads each whole, without a look.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::objs::TreeRefIter;
use sendoff_push::objects::Reader;

use super::head_size::MAX_TREE;
use super::{MAX_RULES_SIZE, unreadable};
use crate::git::{Head, Repo};

/// The name of a file of patterns.
pub(super) const IGNORE: &[u8] = b".gitignore";
/// The name of a file of attributes.
pub(super) const ATTRIBUTES: &[u8] = b".gitattributes";
const NAMES: &[&[u8]] = &[IGNORE, ATTRIBUTES];

/// What says of submodules where they are. It is read from the index, or from HEAD, where the work tree has none.
const MODULES: &str = ".gitmodules";

/// Says whether the files of rules that are read whole are regular ones of a usual size.
pub(super) fn has_usual_rules(common_dir: &Path, work_tree: &Path) -> bool {
    let is_small = |metadata: io::Result<fs::Metadata>, limit: u64| match metadata {
        Ok(metadata) => metadata.is_file() && metadata.len() <= limit,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    let rules = ["config", "info/exclude", "info/attributes"];
    let mut rules = rules.iter().map(|name| common_dir.join(name));
    rules.all(|path| is_small(path.metadata(), MAX_RULES_SIZE))
        && is_small(work_tree.join(MODULES).symlink_metadata(), MAX_RULES_SIZE)
}

/// Says whether those in one directory are absent, or regular files of a usual size.
pub(super) fn are_usual(directory: &Path) -> bool {
    NAMES.iter().all(|name| {
        let found = directory.join(OsStr::from_bytes(name)).symlink_metadata();
        // A link is not followed, neither by git.
        found.map_or(true, |found| {
            found.is_symlink() || (found.is_file() && found.len() <= MAX_RULES_SIZE)
        })
    })
}

/// Says whether they are in every directory of tracked files; not where `stop` is set meanwhile. What the index has of them,
/// and the work tree does not, is read from there: it has to be of a usual size as well.
pub(super) fn are_usual_where_tracked(
    repo: &gix::Repository,
    work_tree: &Path,
    index: &gix::index::State,
    stop: &AtomicBool,
) -> bool {
    let mut seen: HashSet<&[u8]> = HashSet::new();
    if !are_usual(work_tree) {
        return false;
    }
    for entry in index.entries() {
        let path: &[u8] = entry.path(index);
        let name = path.rsplit(|byte| *byte == b'/').next();
        let is_rules = name.is_some_and(|name| NAMES.contains(&name));
        let is_rules = is_rules || path == MODULES.as_bytes();
        if is_rules && !is_usual_object(repo, entry.id) {
            return false;
        }
        let mut end = path.len();
        while let Some(at) = path.get(..end).and_then(|path| memchr::memrchr(b'/', path)) {
            let directory = path.get(..at).unwrap_or_default();
            if !seen.insert(directory) {
                break;
            }
            let is_stopped = stop.load(Ordering::Relaxed);
            if is_stopped || !are_usual(&work_tree.join(OsStr::from_bytes(directory))) {
                return false;
            }
            end = at;
        }
    }
    true
}

/// Says whether an object is small, by what it claims; one that is not there is read by nobody.
fn is_usual_object(repo: &gix::Repository, id: gix::ObjectId) -> bool {
    let header = repo.try_find_header(id);
    header.is_ok_and(|header| header.is_none_or(|header| header.size() <= MAX_RULES_SIZE))
}

/// Makes an error of a `.gitmodules` of HEAD that is not of a usual size, where neither the work tree nor the index has one.
pub(super) fn check_modules_of_head(
    ours: &Repo,
    (repo, reader): (&gix::Repository, &Reader),
    work_tree: &Path,
    index: &gix::index::State,
) -> gix::Result<()> {
    let is_there = work_tree
        .join(MODULES)
        .symlink_metadata()
        .is_ok_and(|found| found.is_file());
    if is_there || index.entry_by_path(MODULES.into()).is_some() {
        return Ok(());
    }
    let Some(tree) = ours.head_tree(reader) else {
        return match ours.head() {
            // Nothing was committed yet.
            Ok(Head::Unborn { .. }) => Ok(()),
            // It cannot be read, or not at once.
            _ => Err(unreadable()),
        };
    };
    let data = reader.find_small(&tree, MAX_TREE).ok_or_else(unreadable)?;
    let mut entries = TreeRefIter::from_bytes(&data, tree.kind()).map_while(Result::ok);
    match entries.find(|entry| entry.filename == MODULES) {
        Some(entry) if !is_usual_object(repo, entry.oid.to_owned()) => Err(unreadable()),
        _ => Ok(()),
    }
}
