//! `BaseTip`: where the remote's branches are, as a push was told, for the base of the pull request.

use std::sync::{Arc, OnceLock};

use gix::ObjectId;
use gix::bstr::{BStr, BString};

use crate::names::BranchName;

/// The tips of the remote's branches, kept when the remote has answered a push: a clone may know the
/// base's from long ago, or not at all. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct BaseTip(Arc<OnceLock<Vec<(BString, ObjectId)>>>);

impl BaseTip {
    /// Keeps the branches that a remote advertises, of which a push has a bounded number.
    pub fn keep<'b>(&self, branches: impl Iterator<Item = (&'b BStr, ObjectId)>) {
        let owned = branches.map(|(name, tip)| (name.to_owned(), tip));
        // Of several push URLs the first counts.
        self.0.get_or_init(|| owned.collect());
    }

    /// Returns where `base` is on the remote, when a push was told.
    pub fn get(&self, base: &BranchName) -> Option<ObjectId> {
        let full = base.full();
        let mut branches = self.0.get()?.iter();
        let found = branches.find(|(name, _)| name.as_slice() == full.as_bytes());
        found.map(|(_, tip)| *tip)
    }

    /// Returns where the branches but `own` are.
    pub fn others(&self, own: &BranchName) -> impl Iterator<Item = ObjectId> {
        let full = own.full();
        let branches = self.0.get().into_iter().flatten();
        let others = branches.filter(move |(name, _)| name.as_slice() != full.as_bytes());
        others.map(|(_, tip)| *tip)
    }
}
