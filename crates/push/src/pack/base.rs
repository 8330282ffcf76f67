//! `Base` and `EntryState`: what a delta is made against, and what became of an object so far.

use gix::ObjectId;

/// The base of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// In the pack, at this offset.
    InPack {
        offset: u64,
        id: ObjectId,
        depth: u16,
    },
    /// Only at the server: a base of a thin pack.
    External(ObjectId),
}

impl Base {
    /// Returns the object.
    pub(super) const fn id(self) -> ObjectId {
        match self {
            Self::InPack { id, .. } | Self::External(id) => id,
        }
    }
}

/// What became of an object so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    Waiting,
    /// It waits for the base that it was stored with, or for a larger one.
    Pending,
    Written {
        offset: u64,
        depth: u16,
    },
}
