//! Large files whose times are not those of the index. Gitoxide takes a file into memory whole where a rule converts it.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::bstr::{BStr, BString};
use gix::index::File;
use gix::index::entry::{Flags, Mode, Stage};
use gix::objs::Kind;
use gix::worktree::stack::state::attributes::Source;

use crate::files::{self, Links};
use crate::git::Repo;
use crate::git::config::truth;

use super::unchanged::NOT_COMPARED;
use super::unreadable;

/// From this size on a file is compared here, in bytes.
const LARGE: u64 = 8 << 20;
/// The attributes by which git stores another content than lies in the work tree.
const CONVERTING: [&str; 6] = [
    "text",
    "crlf",
    "eol",
    "ident",
    "working-tree-encoding",
    "filter",
];
/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// Takes the large files that are not known to be unchanged out of what gitoxide compares, and returns those that are changed.
/// One that a rule may convert is an error where its content would have to be compared.
pub(super) fn changed_large(
    ours: &Repo,
    repo: &gix::Repository,
    work_tree: &Path,
    index: &mut File,
    stop: &AtomicBool,
) -> gix::Result<Vec<BString>> {
    let mut large = Vec::new();
    for (position, entry) in index.entries().iter().enumerate() {
        let is_file = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE);
        let is_settled = entry.flags.intersects(NOT_COMPARED | Flags::UPTODATE);
        if !is_file || is_settled || entry.stage() != Stage::Unconflicted {
            continue;
        }
        let file = work_tree.join(OsStr::from_bytes(entry.path(index)));
        let size = file
            .symlink_metadata()
            .map(|found| (found.is_file(), found.len()));
        match size {
            Ok((true, size)) if size >= LARGE => large.push((position, file, size)),
            _ => {}
        }
    }
    let mut changed = Vec::new();
    for (position, file, size) in large {
        let Some(entry) = index.entries().get(position) else {
            continue;
        };
        let path = entry.path(index);
        // The index keeps the lower half of the size, and none where it was written at once.
        let is_as_large = entry.stat.size == 0 || u64::from(entry.stat.size) == size & 0xffff_ffff;
        let is_same = is_as_large
            && match conversion(ours, repo, index, path)? {
                Conversion::None => is_same_content(&file, size, entry.id, stop)?,
                // Its program is not run.
                Conversion::Filter => true,
                Conversion::Possible => return Err(unreadable()),
            };
        if !is_same {
            changed.push(path.to_owned());
        }
        if let Some(entry) = index.entries_mut().get_mut(position) {
            entry.flags.insert(Flags::UPTODATE);
        }
    }
    Ok(changed)
}

/// How git stores a file.
enum Conversion {
    /// As it is.
    None,
    /// As a program makes it.
    Filter,
    /// Perhaps otherwise.
    Possible,
}

fn conversion(
    ours: &Repo,
    repo: &gix::Repository,
    index: &File,
    path: &BStr,
) -> gix::Result<Conversion> {
    let mut attributes = repo.attributes_only(index, Source::WorktreeThenIdMapping)?;
    let mut said = attributes.selected_attribute_matches(CONVERTING);
    let platform = attributes.at_entry(path, None);
    let is_said = platform.is_ok_and(|platform| platform.matching_attributes(&mut said));
    let mut converts = false;
    for found in said.iter_selected().filter(|_| is_said) {
        let state = found.assignment.state;
        if found.assignment.name.as_str() == "filter" && state.as_bstr().is_some() {
            return Ok(Conversion::Filter);
        }
        converts |= !matches!(
            state,
            gix::attrs::StateRef::Unspecified | gix::attrs::StateRef::Unset
        );
    }
    let by_default = || {
        let said = ours.config().fact_or_true("core.autocrlf");
        said.is_some_and(|said| truth(Some(BStr::new(&said))) != Some(false))
    };
    Ok(if converts || by_default() {
        Conversion::Possible
    } else {
        Conversion::None
    })
}

/// Says whether a file has the content of an object.
fn is_same_content(file: &Path, size: u64, id: ObjectId, stop: &AtomicBool) -> gix::Result<bool> {
    let Ok(Some(mut file)) = files::open(file, Links::Refused) else {
        return Ok(false);
    };
    let mut hasher = gix::hash::hasher(id.kind());
    hasher.update(&gix::objs::encode::loose_header(Kind::Blob, size));
    let mut chunk = vec![0; CHUNK];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(unreadable());
        }
        let count = file.read(&mut chunk).map_err(gix::Error::from_error)?;
        match chunk.get(..count) {
            Some(read) if count > 0 => hasher.update(read),
            _ => break,
        }
    }
    let found = hasher.try_finalize().map_err(gix::Error::from_error)?;
    Ok(found == id)
}
