//! How much work an object is worth: with few objects bytes count more than time.

/// So many objects are few.
const FEW: usize = 128;

/// How much work is done for a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// The most likely way to save something is tried.
    Least,
    /// Several ways are tried.
    Most,
}

impl Effort {
    /// Returns what a pack of so many objects is worth.
    pub(super) fn for_objects(count: usize) -> Self {
        if count <= FEW {
            Self::Most
        } else {
            Self::Least
        }
    }
}
