//! `AdvertisedBranches`: the branches that the remote advertised to a push, for the base of the pull request.

use std::sync::{Arc, OnceLock};

use gix::ObjectId;
use gix::bstr::{BStr, BString};

use crate::names::BranchName;

/// The tips of the remote's branches, from the advertisement that a push received. The clone's tracking refs can be older,
/// or absent. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct AdvertisedBranches(Arc<OnceLock<Vec<(BString, ObjectId)>>>);

impl AdvertisedBranches {
    /// Stores the branches that a remote advertises. The push bounds their number.
    pub fn keep<'b>(&self, branches: impl Iterator<Item = (&'b BStr, ObjectId)>) {
        let owned = branches.map(|(name, tip)| (name.to_owned(), tip));
        // Of several push URLs the first one to answer is used.
        self.0.get_or_init(|| owned.collect());
    }

    /// Returns the tip of `base` on the remote; `None` where no push received it.
    pub fn get(&self, base: &BranchName) -> Option<ObjectId> {
        let full = base.full();
        let mut branches = self.0.get()?.iter();
        let found = branches.find(|(name, _)| name.as_slice() == full.as_bytes());
        found.map(|(_, tip)| *tip)
    }

    /// Returns the tips of all branches but `own`.
    pub fn others(&self, own: &BranchName) -> impl Iterator<Item = ObjectId> {
        let full = own.full();
        let branches = self.0.get().into_iter().flatten();
        let others = branches.filter(move |(name, _)| name.as_slice() != full.as_bytes());
        others.map(|(_, tip)| *tip)
    }
}
