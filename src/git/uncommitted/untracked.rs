//! Counts the untracked files of a work tree by a walk through its directories.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::dir::EntryRef;
use gix::dir::entry::{Kind, Status};
use gix::dir::walk::{Action, Delegate, EmissionMode, ForDeletionMode};

use super::count::MAX_COUNTED;
use super::rule_files::are_usual;
use super::unreadable;

/// Counts untracked files as a directory walk meets them.
struct UntrackedCount<'w> {
    work_tree: &'w Path,
    count: usize,
    /// Whether names that differ in their case only are one: a directory may count as tracked for the files of another.
    ignores_case: bool,
    /// Whether a directory has rules that are not read.
    is_unreadable: bool,
}

impl Delegate for UntrackedCount<'_> {
    fn emit(&mut self, entry: EntryRef<'_>, _collapsed: Option<Status>) -> Action {
        self.count += usize::from(is_untracked(entry.status, entry.disk_kind));
        if self.count >= MAX_COUNTED || self.is_unreadable {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn can_recurse(
        &mut self,
        entry: EntryRef<'_>,
        for_deletion: Option<ForDeletionMode>,
        worktree_root_is_repository: bool,
    ) -> bool {
        let may = entry.status.can_recurse(
            entry.disk_kind,
            entry.pathspec_match,
            for_deletion,
            worktree_root_is_repository,
        );
        // Where files are tracked, the rules were looked at before.
        if may && (self.ignores_case || entry.status != Status::Tracked) {
            let path: &[u8] = entry.rela_path.as_ref();
            self.is_unreadable |= !are_usual(&self.work_tree.join(OsStr::from_bytes(path)));
        }
        may && !self.is_unreadable
    }
}

/// Counts the untracked files of a work tree, on this thread.
pub(super) fn count_untracked(
    repo: &gix::Repository,
    work_tree: &Path,
    index: &gix::index::File,
    mode: EmissionMode,
    stop: &AtomicBool,
) -> gix::Result<usize> {
    let options = repo.dirwalk_options()?.emit_untracked(mode);
    let mut count = UntrackedCount {
        work_tree,
        count: 0,
        ignores_case: repo.filesystem_options()?.ignore_case,
        is_unreadable: false,
    };
    repo.dirwalk(index, None::<&str>, stop, options, &mut count)?;
    if count.is_unreadable {
        return Err(unreadable());
    }
    Ok(count.count)
}

/// Says whether `git status` lists an entry of the work tree as untracked. Git knows no pipes and sockets.
fn is_untracked(status: Status, kind: Option<Kind>) -> bool {
    status == Status::Untracked && kind != Some(Kind::Untrackable)
}
