//! Which files are unchanged since the index was written. Nearly all are, and mostly one system call for each file
//! shows it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::filter::Pipeline;
use gix::filter::plumbing::pipeline::convert::ToGitOutcome;
use gix::fs::Capabilities;
use gix::index::entry::{Flags, Mode, Stage, Stat, stat};
use gix::index::fs::Metadata;
use gix::index::{Entry, File, State};
use gix::status::plumbing::SymlinkCheck;
use gix::worktree::stack::state::attributes::Source;

use crate::files::{self, Links};

/// The largest file whose content is compared here, in bytes.
const MAX_COMPARED_SIZE: u32 = 1 << 20;
/// The most files whose content is compared here.
pub(super) const MAX_COMPARED: usize = 64;

/// What git does not compare with the work tree.
pub(super) const NOT_COMPARED: Flags = Flags::SKIP_WORKTREE
    .union(Flags::ASSUME_VALID)
    .union(Flags::FSMONITOR_VALID);

/// Marks the files of the index that are unchanged: the directory walk and `status` need not look at these. Returns whether all
/// are. One that is not marked may be unchanged all the same.
///
/// No filter program is run.
pub(super) fn mark_unchanged(
    repo: &gix::Repository,
    work_tree: &Path,
    index: &mut File,
    stop: &AtomicBool,
) -> gix::Result<bool> {
    let options = repo.stat_options()?;
    let capabilities = repo.filesystem_options()?;
    let written_at = index.timestamp();
    let mut paths = SymlinkCheck::new(work_tree.to_owned());
    let mut racy = Vec::new();
    let mut all = true;
    for (position, (entry, path)) in index.entries_mut_with_paths().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        if entry.flags.intersects(NOT_COMPARED | Flags::UPTODATE) {
            continue;
        }
        // What lies behind a link is not the file that the index means.
        let path = paths.verified_path(path);
        let stat = path.map(|path| matching_stat(entry, path, capabilities, options));
        match stat.ok().flatten() {
            Some(stat) if !stat.is_racy(written_at, options) => {
                entry.flags.insert(Flags::UPTODATE);
            }
            Some(_) => racy.push(position),
            None => all = false,
        }
    }
    if !all || racy.is_empty() {
        return Ok(all && racy.is_empty());
    }
    mark_same_content(repo, work_tree, index, &racy)
}

/// Returns what the file system says of a file, where the index says the same.
pub(super) fn matching_stat(
    entry: &Entry,
    path: &Path,
    capabilities: Capabilities,
    options: stat::Options,
) -> Option<Stat> {
    if entry.stage() != Stage::Unconflicted || entry.flags.contains(Flags::INTENT_TO_ADD) {
        return None;
    }
    let metadata = Metadata::from_path_no_follow(path).ok()?;
    let (symlink, executable_bit) = (capabilities.symlink, capabilities.executable_bit);
    let change = entry
        .mode
        .change_to_match_fs(&metadata, symlink, executable_bit);
    // Git writes a size of 0 where it cannot say whether the file was changed since.
    let is_size_known = (entry.stat.size == 0) == entry.id.is_empty_blob();
    let stat = Stat::from_fs(&metadata).ok()?;
    (!metadata.is_dir() && change.is_none() && is_size_known && stat.matches(&entry.stat, options))
        .then_some(stat)
}

/// Marks the files at the positions `racy` whose content is what the index says, up to the first that has another. They were
/// written when the index was: by their times, they could have been changed since.
fn mark_same_content(
    repo: &gix::Repository,
    work_tree: &Path,
    index: &mut File,
    racy: &[usize],
) -> gix::Result<bool> {
    if racy.len() > MAX_COMPARED {
        return Ok(false);
    }
    let attributes = repo.attributes_only(index, Source::WorktreeThenIdMapping)?;
    let mut filters = Pipeline::new(repo, attributes.detach())?;
    for &position in racy {
        let Some(entry) = index.entries().get(position) else {
            return Ok(false);
        };
        if !has_same_content(&mut filters, work_tree, index, entry)? {
            return Ok(false);
        }
        if let Some(entry) = index.entries_mut().get_mut(position) {
            entry.flags.insert(Flags::UPTODATE);
        }
    }
    Ok(true)
}

/// Says whether a file's content, as git would store it, is what the index says.
fn has_same_content(
    filters: &mut Pipeline<'_>,
    work_tree: &Path,
    index: &State,
    entry: &Entry,
) -> gix::Result<bool> {
    let path = Path::new(OsStr::from_bytes(entry.path(index)));
    let Some(content) = content(work_tree, index, entry) else {
        return Ok(false);
    };
    Ok(
        match filters.convert_to_git(content.as_slice(), path, index)? {
            ToGitOutcome::Unchanged(stored) | ToGitOutcome::Buffer(stored) => {
                is_content(entry, stored)?
            }
            ToGitOutcome::Process(_) => false,
        },
    )
}

/// Reads a file that is of a usual size by its entry.
pub(super) fn content(work_tree: &Path, index: &State, entry: &Entry) -> Option<Vec<u8>> {
    let is_file = entry.mode == Mode::FILE || entry.mode == Mode::FILE_EXECUTABLE;
    if !is_file || entry.stat.size > MAX_COMPARED_SIZE {
        return None;
    }
    let path = work_tree.join(OsStr::from_bytes(entry.path(index)));
    files::read(&path, MAX_COMPARED_SIZE.into(), Links::Refused)
        .ok()
        .flatten()
}

/// Says whether the object of an entry is a file that is stored so.
pub(super) fn is_content(entry: &Entry, stored: &[u8]) -> gix::Result<bool> {
    let id = gix::objs::compute_hash(entry.id.kind(), gix::objs::Kind::Blob, stored)?;
    Ok(id == entry.id)
}
