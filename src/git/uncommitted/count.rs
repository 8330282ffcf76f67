//! `Uncommitted`: paths that `git status` lists, counted as they are met.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gix::bstr::BString;
use gix::status::Item;
use gix::status::index_worktree::Item as InWorkTree;
use gix::status::plumbing::index_as_worktree::{Change, EntryStatus};

/// How many paths are counted; a note needs no more.
pub(super) const MAX_COUNTED: usize = 1_000;

/// How many paths `git status` lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Paths that the index or the work tree has otherwise than HEAD.
    pub changed: usize,
    /// Paths that git neither tracks nor ignores; a directory that holds only such is one.
    pub untracked: usize,
    /// Whether counting ended early, at a thousand paths.
    pub is_partial: bool,
}

/// Counts what a status lists, beside so many untracked files and the `changed` ones. Returns the paths of those as well.
pub(super) fn count_listed(
    items: impl Iterator<Item = gix::Result<Item>>,
    work_tree: &Path,
    attributes: &mut gix::AttributeStack<'_>,
    untracked: usize,
    mut changed: HashSet<BString>,
) -> gix::Result<(Uncommitted, HashSet<BString>)> {
    let mut is_partial = false;
    let mut filters = attributes.selected_attribute_matches(["filter"]);
    let mut has_filter = |path: &BString| {
        let platform = attributes.at_entry(path, None);
        platform.is_ok_and(|platform| {
            platform.matching_attributes(&mut filters)
                && filters
                    .iter_selected()
                    .any(|found| found.assignment.state.as_bstr().is_some())
        })
    };
    for item in items {
        match item? {
            Item::IndexWorktree(InWorkTree::DirectoryContents { .. }) => {}
            Item::IndexWorktree(InWorkTree::Modification {
                entry,
                rela_path,
                status,
                ..
            }) => {
                let may_differ_by_filter = matches!(
                    status,
                    EntryStatus::Change(Change::Modification {
                        executable_bit_changed: false,
                        ..
                    })
                );
                let is_as_large = || {
                    let file = work_tree.join(OsStr::from_bytes(&rela_path));
                    let size = file.symlink_metadata().map(|metadata| metadata.len());
                    // The index keeps the lower half of the size, and none where it was written at once.
                    size.is_ok_and(|size| {
                        entry.stat.size == 0 || u64::from(entry.stat.size) == size & 0xffff_ffff
                    })
                };
                if !(may_differ_by_filter && is_as_large() && has_filter(&rela_path)) {
                    changed.insert(rela_path);
                }
            }
            item => {
                changed.insert(item.location().to_owned());
            }
        }
        if changed.len() + untracked >= MAX_COUNTED {
            is_partial = true;
            break;
        }
    }
    let counted = Uncommitted {
        changed: changed.len(),
        untracked,
        is_partial,
    };
    Ok((counted, changed))
}
