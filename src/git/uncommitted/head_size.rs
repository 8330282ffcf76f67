//! How large HEAD's tree is, before gitoxide makes an index of it.

use std::sync::atomic::{AtomicBool, Ordering};

use gix::objs::TreeRefIter;
use sendoff_push::objects::Reader;

use crate::git::{Head, Repo};

/// The deepest and the largest directory of HEAD's tree that is compared with the index: in levels, and in bytes of its tree.
const MAX_DEPTH: usize = 512;
pub(super) const MAX_TREE: u64 = 8 << 20;

/// How HEAD's tree compares with the index.
pub(super) enum HeadSize {
    /// It has about as many files.
    Comparable,
    /// It has so many more that more are staged for removal than are counted.
    FarMore,
}

/// Says how many files HEAD's tree has; `None` where it is deeper or larger than a file system holds, cannot be read, or
/// `stop` is set. Gitoxide makes an index of all of it, with every path whole.
pub(super) fn size_of_head(
    ours: &Repo,
    reader: &Reader,
    most: usize,
    stop: &AtomicBool,
) -> Option<HeadSize> {
    if let Head::Unborn { .. } = ours.head().ok()? {
        // Nothing was committed yet.
        return Some(HeadSize::Comparable);
    }
    let mut left = vec![(ours.head_tree(reader)?, 0)];
    let mut files = 0;
    while let Some((tree, depth)) = left.pop() {
        if depth > MAX_DEPTH || stop.load(Ordering::Relaxed) {
            return None;
        }
        let data = reader.find_small(&tree, MAX_TREE)?;
        for entry in TreeRefIter::from_bytes(&data, tree.kind()) {
            let entry = entry.ok()?;
            if entry.mode.is_tree() {
                left.push((entry.oid.to_owned(), depth + 1));
            } else {
                files += 1;
            }
        }
        if files > most || left.len() > most {
            return Some(HeadSize::FarMore);
        }
    }
    Some(HeadSize::Comparable)
}
