//! Paths and names as hashes, and the rank of a kind in the pack.

use gix::objs::Kind;
use gix::objs::tree::EntryMode;

/// Returns where a kind stands in the pack.
pub(super) fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 0,
        Kind::Tag => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
    }
}

/// Returns what an entry of a tree is, submodules apart.
pub(super) fn kind_of(mode: EntryMode) -> Kind {
    if mode.is_tree() {
        Kind::Tree
    } else {
        Kind::Blob
    }
}

/// Tells a directory from a file of the same path.
pub(super) fn of_kind(hash: u64, kind: Kind) -> u64 {
    hash ^ u64::from(rank(kind))
}

/// Continues the hash of a path with one more part. Two paths of one hash cost bytes, never correctness.
pub(super) fn hash(path: u64, part: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = (path ^ 0x2F).wrapping_mul(FACTOR);
    for byte in part {
        hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(FACTOR);
    }
    hash
}
