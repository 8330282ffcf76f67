//! The files of rules in a work tree, `.gitignore` and `.gitattributes`: gitoxide reads each whole, without a look.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::MAX_RULES_SIZE;

/// Their names.
const NAMES: &[&str] = &[".gitignore", ".gitattributes"];

/// Says whether those in one directory are absent, or regular files of a usual size.
pub(super) fn are_usual(directory: &Path) -> bool {
    NAMES.iter().all(|name| {
        let found = directory.join(name).symlink_metadata();
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
        let is_rules = NAMES.iter().any(|rules| name == Some(rules.as_bytes()));
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
