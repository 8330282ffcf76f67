//! How much of the work tree no commit has: the paths that `git status` lists, counted.

mod clean;
mod count;
mod head_size;
mod ignored;
mod index_bounds;
mod large;
mod rule_files;
mod settings;
mod submodules;
mod unchanged;
mod untracked;

use std::collections::HashSet;
use std::io::ErrorKind::InvalidData;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::bstr::BString;
use gix::fs::FileSnapshot;
use gix::progress::Discard;
use gix::status::{Item, Submodule, UntrackedFiles};
use gix::worktree::IndexPersistedOrInMemory;
use gix::worktree::stack::state::attributes::Source;
use sendoff_push::objects::Reader;

pub use count::Uncommitted;
pub(super) use settings::status_settings;

use self::count::{MAX_COUNTED, count_listed};
use self::head_size::{HeadSize, size_of_head};
use self::large::changed_large;
use self::rule_files::{are_usual_where_tracked, check_modules_of_head, has_usual_rules};
use self::settings::Listing;
use self::submodules::{Listed, list_submodules};
use self::unchanged::mark_unchanged;
use self::untracked::count_untracked;
use super::Repo;

/// The largest file of patterns, settings or submodules that is read, in bytes.
const MAX_RULES_SIZE: u64 = 256 << 10;
/// The largest index of which all files can be looked at within a few milliseconds, in bytes: some 5,000 files.
const MAX_QUICK_SIZE: u64 = 512 << 10;

impl Repo {
    /// Counts what no commit has, until `stop` is set. Returns `None` where that cannot be counted: without a work
    /// tree, where the index is huge, or where something cannot be read.
    ///
    /// No filter program is run: a file that has one counts as changed when its size is another.
    pub fn uncommitted(&self, stop: &Arc<AtomicBool>) -> Option<Uncommitted> {
        self.uncommitted_at(0, false, stop)
    }

    /// Counts the same after [`Repo::is_clean`] did not show that everything is committed.
    pub fn uncommitted_after_look(&self, stop: &Arc<AtomicBool>) -> Option<Uncommitted> {
        self.uncommitted_at(0, true, stop)
    }

    /// Says whether the index is so small that a count can end within a few milliseconds.
    pub fn is_quickly_counted(&self) -> bool {
        let index = self.git_dir().join("index").metadata();
        index.map_or(true, |index| index.len() <= MAX_QUICK_SIZE)
    }

    /// Counts in a repository that is a submodule of so many others around it. Begins with a look, unless there was one.
    fn uncommitted_at(
        &self,
        depth: usize,
        was_looked_at: bool,
        stop: &Arc<AtomicBool>,
    ) -> Option<Uncommitted> {
        let work_tree = self.work_tree()?;
        let index = self.usual_index()?;
        let is_stopped = || stop.load(Ordering::Acquire);
        if !was_looked_at && self.is_as_index(work_tree, &index, &is_stopped) {
            return Some(Uncommitted::default());
        }
        let Counted {
            mut found,
            changed,
            submodules,
        } = self.counted(work_tree, index, stop)?;
        let mut left = submodules.iter();
        // What git reads for a submodule is not kept beside what it reads for the next.
        while !found.is_partial
            && let Some(submodule) = left.next()
        {
            let is_new = || !changed.contains(&submodule.path);
            let is_changed = submodule.is_changed(self, work_tree, depth + 1, stop)?;
            found.changed += usize::from(is_changed && is_new());
            found.is_partial = found.changed + found.untracked >= MAX_COUNTED;
        }
        (found.is_partial || !is_stopped()).then_some(found)
    }

    /// Counts without the submodules.
    fn counted(
        &self,
        work_tree: &Path,
        index: gix::index::File,
        stop: &Arc<AtomicBool>,
    ) -> Option<Counted> {
        if !has_usual_rules(self.common_dir(), work_tree) {
            return None;
        }
        let mut repo = self.thread_local().ok()?;
        // Gitoxide opens what lies there without a look.
        let reader = Reader::new(&repo).ok()?;
        reader.check_packs().ok()?;
        repo.set_workdir(work_tree.to_owned()).ok()?;
        count(
            self,
            (&repo, &reader, index),
            work_tree,
            &self.listing(),
            stop,
        )
        .inspect_err(|error| tracing::debug!(%error, "what is not committed is not counted"))
        .ok()
    }

    /// Reads the index; an empty one where there is none, and nothing where it is of an unusual size or shape.
    fn usual_index(&self) -> Option<gix::index::File> {
        if !index_bounds::is_usual(self.git_dir(), self.object_hash()) {
            return None;
        }
        let options = gix::index::decode::Options {
            // The push has the other processors.
            thread_limit: Some(1),
            ..gix::index::decode::Options::default()
        };
        // The checksum is not compared: it is only counted in.
        let path = self.git_dir().join("index");
        gix::index::File::at_or_default(path, self.object_hash(), true, options).ok()
    }
}

/// Makes the error of what is not read.
fn unreadable() -> gix::Error {
    gix::Error::from_error(std::io::Error::from(InvalidData))
}

/// What was counted, and what is left to look at.
struct Counted {
    found: Uncommitted,
    /// The paths of what is changed.
    changed: HashSet<BString>,
    submodules: Vec<Listed>,
}

/// Counts until everything is counted, enough is, or `stop` is set. Submodules are listed, and not looked at.
fn count(
    ours: &Repo,
    (repo, reader, mut index): (&gix::Repository, &Reader, gix::index::File),
    work_tree: &Path,
    listing: &Listing,
    stop: &Arc<AtomicBool>,
) -> gix::Result<Counted> {
    let is_as_committed = ours.is_as_committed(reader, &index);
    if !are_usual_where_tracked(repo, work_tree, &index, stop) {
        return Err(unreadable());
    }
    if !is_as_committed {
        // Where the index has no `.gitmodules`, gitoxide reads that of HEAD.
        check_modules_of_head(ours, (repo, reader), work_tree, &index)?;
    }
    let submodules = list_submodules(ours, repo, &mut index).ok_or_else(unreadable)?;
    let is_unchanged = mark_unchanged(repo, work_tree, &mut index, stop)?;
    let untracked = match listing.untracked {
        Some(mode) => count_untracked(repo, work_tree, &index, mode, stop)?,
        None => 0,
    };
    let is_partial = untracked >= MAX_COUNTED;
    if (is_as_committed && is_unchanged) || is_partial {
        return Ok(Counted {
            found: Uncommitted {
                changed: 0,
                untracked,
                is_partial,
            },
            changed: HashSet::new(),
            submodules,
        });
    }
    if !is_as_committed {
        match size_of_head(ours, reader, index.entries().len() + MAX_COUNTED, stop) {
            Some(HeadSize::Comparable) => {}
            Some(HeadSize::FarMore) => {
                return Ok(Counted {
                    found: Uncommitted {
                        changed: MAX_COUNTED,
                        untracked,
                        is_partial: true,
                    },
                    changed: HashSet::new(),
                    submodules,
                });
            }
            None => return Err(unreadable()),
        }
    }
    let large = changed_large(ours, repo, work_tree, &mut index, stop)?;
    let mut attributes = repo.attributes_only(&index, Source::WorktreeThenIdMapping)?;
    let index = Arc::new(FileSnapshot::new(index));
    let status = repo
        .status(Discard)?
        .index_worktree_submodules(Submodule::Given {
            ignore: gix::submodule::config::Ignore::All,
            check_dirty: true,
        })
        .index(IndexPersistedOrInMemory::Persisted(index))
        .index_worktree_rewrites(None)
        .untracked_files(UntrackedFiles::None)
        .tree_index_track_renames(listing.renames)
        // The push has the other processors.
        .index_worktree_options_mut(|options| options.thread_limit = Some(1))
        .should_interrupt_owned(Arc::clone(stop));
    let items: Box<dyn Iterator<Item = gix::Result<Item>>> = if is_as_committed {
        let items = status.into_index_worktree_iter(Vec::new())?;
        Box::new(items.map(|item| item.map(Item::from)))
    } else {
        Box::new(status.into_iter(Vec::new())?)
    };
    let large = large.into_iter().collect();
    let (found, changed) = count_listed(items, work_tree, &mut attributes, untracked, large)?;
    Ok(Counted {
        found,
        changed,
        submodules,
    })
}
