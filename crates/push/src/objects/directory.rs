//! One directory of the pass over the trees: what is to be looked into there, and what was found below it.

use std::collections::{BTreeMap, HashSet};

use gix::ObjectId;
use gix::objs::Kind;

/// Directories with more new versions than this are not searched for renames.
const MAX_VERSIONS: usize = 8;

/// Directories with more entries than this, over all versions, neither.
const MAX_ENTRIES: usize = 1 << 18;

/// A directory to look into, with the trees that the server has there and those that are new.
#[derive(Default)]
pub(super) struct Job {
    pub(super) path: u64,
    pub(super) known: Vec<ObjectId>,
    pub(super) new: Vec<(ObjectId, usize)>,
}

/// What was found in the trees of one directory.
pub(super) struct Below {
    /// The directories in it, by path.
    pub(super) jobs: BTreeMap<u64, Job>,
    /// Filled where renames are looked for.
    pub(super) renames: Option<Renames>,
}

impl Below {
    /// Starts with nothing. `versions` is how many new trees the directory has.
    pub(super) fn new(versions: usize) -> Self {
        Self {
            jobs: BTreeMap::new(),
            renames: (versions <= MAX_VERSIONS).then(Renames::default),
        }
    }

    /// Returns where an entry is noted for the search for renames, where that is done.
    pub(super) fn renames(&mut self) -> Option<&mut Renames> {
        let is_large =
            |renames: &Renames| renames.known.len() + renames.present.len() >= MAX_ENTRIES;
        if self.renames.as_ref().is_some_and(is_large) {
            self.renames = None;
        }
        self.renames.as_mut()
    }

    /// Returns the job of a path, a new one when there is none.
    pub(super) fn job_at(&mut self, path: u64) -> &mut Job {
        self.jobs.entry(path).or_insert_with(|| Job {
            path,
            ..Job::default()
        })
    }
}

/// What the server has in a directory, and the names that the new trees have there.
#[derive(Default)]
pub(super) struct Renames {
    pub(super) known: Vec<(u64, Kind, ObjectId)>,
    pub(super) present: HashSet<u64>,
}
