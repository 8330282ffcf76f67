//! How much of an object is held in memory. Sizes are claims until the last byte is inflated, and a few hundred
//! bytes of deltas can make gigabytes: no claim is believed above these limits, wherever the object lies.

use gix::objs::Kind;

/// The largest commit or tag that is read, in bytes.
const MAX_COMMIT: u64 = 32 << 20;
/// The largest tree and the largest file that is read at once, in bytes: room for a directory of a million entries. Larger
/// files are streamed.
const MAX_OTHER: u64 = 64 << 20;
/// The most that a base, the delta on it and what the delta makes may take together, in bytes.
pub(super) const MAX_HELD: u64 = 80 << 20;
/// Nothing can be deflated more than so many times.
const MAX_DEFLATE_RATIO: u64 = 1040;

/// Returns the most bytes that are read of an object at once.
pub(super) const fn most_of(kind: Kind) -> u64 {
    match kind {
        Kind::Commit | Kind::Tag => MAX_COMMIT,
        Kind::Tree | Kind::Blob => MAX_OTHER,
    }
}

/// Says whether `deflated` bytes can hold so many.
pub(super) const fn can_hold(deflated: u64, size: u64) -> bool {
    size <= deflated.saturating_mul(MAX_DEFLATE_RATIO)
}

/// Why a place gave no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is not there, or damaged.
    Damaged,
    /// It is, or claims to be, larger than is read at once: this many bytes at most.
    TooLarge(u64),
}

/// What is left of a place where nothing could be had.
pub(super) trait OrDamaged<T> {
    /// Takes what is not there for damaged.
    fn or_damaged(self) -> Result<T, Unread>;
}

impl<T> OrDamaged<T> for Option<T> {
    fn or_damaged(self) -> Result<T, Unread> {
        self.ok_or(Unread::Damaged)
    }
}

impl<T, E> OrDamaged<T> for Result<T, E> {
    fn or_damaged(self) -> Result<T, Unread> {
        self.map_err(|_| Unread::Damaged)
    }
}
