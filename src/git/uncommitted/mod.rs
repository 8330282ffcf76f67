//! How much of the work tree no commit has: the paths that `git status` lists, counted.

mod count;
mod head_size;
mod rule_files;
mod unchanged;
mod untracked;

use std::io::ErrorKind::InvalidData;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::bstr::{BStr, ByteSlice};
use gix::diff::Rewrites;
use gix::dir::walk::EmissionMode;
use gix::fs::FileSnapshot;
use gix::progress::Discard;
use gix::status::tree_index::TrackRenames;
use gix::status::{Item, Submodule, UntrackedFiles};
use gix::worktree::IndexPersistedOrInMemory;
use gix::worktree::stack::state::attributes::Source;
use sendoff_push::objects::Reader;

pub use count::Uncommitted;

use self::count::{MAX_COUNTED, count_listed};
use self::head_size::{HeadSize, size_of_head};
use self::rule_files::are_usual_where_tracked;
use self::unchanged::mark_unchanged;
use self::untracked::count_untracked;
use super::Repo;
use super::config::{Config, truth};

/// The largest index that is read, in bytes: some 150,000 files. It takes several times that in memory.
const MAX_INDEX_SIZE: u64 = 16 << 20;
/// The largest file of patterns, settings or submodules that is read, in bytes.
const MAX_RULES_SIZE: u64 = 256 << 10;

/// The keys that decide which files `git status` shows as changed, renamed or untracked. None of them gives power to
/// its author.
const FACTS: &[&str] = &[
    "core.autocrlf",
    "core.checkStat",
    "core.eol",
    "core.fileMode",
    "core.ignoreCase",
    // As git reads it: where file names are decomposed.
    #[cfg(target_os = "macos")]
    "core.precomposeUnicode",
    "core.symlinks",
    "core.trustCTime",
    "diff.ignoreSubmodules",
    "status.showUntrackedFiles",
];

impl Repo {
    /// Counts what no commit has, until `stop` is set. Returns `None` where that cannot be counted: without a work
    /// tree, where the index is huge, or where something cannot be read.
    ///
    /// No filter program is run: a file that has one counts as changed when its size is another.
    pub fn uncommitted(&self, stop: &Arc<AtomicBool>) -> Option<Uncommitted> {
        let work_tree = self.work_tree()?;
        if !self.can_be_counted(work_tree) {
            return None;
        }
        let mut repo = self.thread_local().ok()?;
        // Gitoxide opens what lies there without a look.
        Reader::new(&repo).ok()?.check_packs().ok()?;
        repo.set_workdir(work_tree.to_owned()).ok()?;
        let counted = count(&repo, work_tree, &self.listing(), stop);
        match counted {
            Ok(counted) if counted.is_partial || !stop.load(Ordering::Acquire) => Some(counted),
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(%error, "what is not committed is not counted");
                None
            }
        }
    }

    /// Says whether the files that are read whole are regular ones of a usual size.
    fn can_be_counted(&self, work_tree: &Path) -> bool {
        let is_small = |metadata: std::io::Result<std::fs::Metadata>, limit: u64| match metadata {
            Ok(metadata) => metadata.is_file() && metadata.len() <= limit,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        let rules = ["config", "info/exclude", "info/attributes"];
        let mut rules = rules.iter().map(|name| self.common_dir().join(name));
        is_small(self.git_dir().join("index").metadata(), MAX_INDEX_SIZE)
            && rules.all(|path| is_small(path.metadata(), MAX_RULES_SIZE))
            && is_small(
                work_tree.join(".gitmodules").symlink_metadata(),
                MAX_RULES_SIZE,
            )
    }

    /// Returns how the configuration wants files listed.
    fn listing(&self) -> Listing {
        let fact = |key| self.config().fact(key);
        let renames = fact("status.renames").or_else(|| fact("diff.renames"));
        Listing {
            renames: match renames.map(|said| truth(Some(said.as_bstr()))) {
                Some(Some(false)) => TrackRenames::Disabled,
                _ => TrackRenames::Given(Rewrites::default()),
            },
            untracked: match fact("status.showUntrackedFiles")
                .as_deref()
                .map(|said| said.as_bytes())
            {
                Some(b"all") => Some(EmissionMode::Matching),
                Some(b"no") => None,
                Some(said) if truth(Some(BStr::new(said))) == Some(false) => None,
                _ => Some(EmissionMode::CollapseDirectory),
            },
        }
    }
}

/// How `git status` lists files.
struct Listing {
    /// Whether a file that the index has under another name is one path.
    renames: TrackRenames,
    /// How untracked files are listed; `None` where they are not.
    untracked: Option<EmissionMode>,
}

/// Returns the settings of `git status`, as `KEY=VALUE`. A file of patterns is the user's own: a repository could name one
/// without an end. The checksum of the index is not compared: it is only counted in.
pub(super) fn status_settings(config: &Config) -> Vec<String> {
    let facts = FACTS.iter();
    let mut settings: Vec<String> = facts
        .filter_map(|key| Some(format!("{key}={}", config.fact(key)?)))
        .collect();
    settings.push("index.skipHash=true".into());
    if let Some(excludes) = config.excludes_file() {
        settings.push(format!("core.excludesFile={}", excludes.display()));
    }
    settings
}

/// Says whether the index remembers that it was written as HEAD's tree, and was not changed since: nothing is staged.
fn is_as_committed(repo: &gix::Repository, index: &gix::index::File) -> bool {
    let whole = index.tree().filter(|tree| {
        let entries = tree.num_entries.and_then(|count| count.try_into().ok());
        entries == Some(index.entries().len())
    });
    whole.is_some_and(|tree| head_tree(repo) == Some(tree.id))
}

/// Returns the tree of HEAD's commit, which is read once: what HEAD names is no tag.
fn head_tree(repo: &gix::Repository) -> Option<gix::ObjectId> {
    let commit = repo.head().ok()?.id()?.object().ok()?.try_into_commit();
    Some(commit.ok()?.tree_id().ok()?.detach())
}

/// Makes the error of what is not read.
fn unreadable() -> gix::Error {
    gix::Error::from_error(std::io::Error::from(InvalidData))
}

/// Counts until everything is counted, enough is, or `stop` is set.
fn count(
    repo: &gix::Repository,
    work_tree: &Path,
    listing: &Listing,
    stop: &Arc<AtomicBool>,
) -> gix::Result<Uncommitted> {
    let mut index = gix::index::File::clone(&*repo.index_or_empty()?);
    let is_as_committed = is_as_committed(repo, &index);
    if !are_usual_where_tracked(repo, work_tree, &index, stop) {
        return Err(unreadable());
    }
    let is_unchanged = mark_unchanged(repo, work_tree, &mut index, stop)?;
    let untracked = match listing.untracked {
        Some(mode) => count_untracked(repo, work_tree, &index, mode, stop)?,
        None => 0,
    };
    if (is_as_committed && is_unchanged) || untracked >= MAX_COUNTED {
        return Ok(Uncommitted {
            changed: 0,
            untracked,
            is_partial: untracked >= MAX_COUNTED,
        });
    }
    if !is_as_committed {
        match size_of_head(repo, index.entries().len() + MAX_COUNTED, stop) {
            Some(HeadSize::Comparable) => {}
            Some(HeadSize::FarMore) => {
                return Ok(Uncommitted {
                    changed: MAX_COUNTED,
                    untracked,
                    is_partial: true,
                });
            }
            None => return Err(unreadable()),
        }
    }
    let mut attributes = repo.attributes_only(&index, Source::WorktreeThenIdMapping)?;
    let index = Arc::new(FileSnapshot::new(index));
    let status = repo
        .status(Discard)?
        .index_worktree_submodules(Submodule::AsConfigured { check_dirty: true })
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
    count_listed(items, work_tree, &mut attributes, untracked)
}
