//! Whether one commit is an ancestor of another, exactly.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use super::commit_source::{Check, CommitSource};
use super::walk::{HAVE, WANT, Walk};
use super::{SelectError, shallow_commits};
use crate::store::{ObjectError, Reader};

/// Says whether `new` has `old` in its history, so that moving a ref from one to the other loses nothing.
///
/// The answer does not depend on the clocks of those who committed, on replacement refs, or on the
/// commit-graph, which anyone with write access to the repository could have made up; every commit is read and
/// compared with its id. An `old` that is not here cannot be proven: the answer is `false`.
pub fn is_fast_forward(
    repo: &gix::Repository,
    old: ObjectId,
    new: ObjectId,
    stop: &AtomicBool,
) -> Result<bool, SelectError> {
    is_fast_forward_with(repo, &Reader::new(repo)?, old, new, stop)
}

/// The same with a reader that was made before.
pub(crate) fn is_fast_forward_with(
    repo: &gix::Repository,
    reader: &Reader,
    old: ObjectId,
    new: ObjectId,
    stop: &AtomicBool,
) -> Result<bool, SelectError> {
    let shallow = shallow_commits(repo)?;
    let source = CommitSource {
        find: reader,
        graph: None,
        shallow: &shallow,
        check: Check::Hash,
    };
    is_ancestor(&source, old, new, stop)
}

/// Returns a commit in the history of `new` that is not here, though the clone is not shallow at this place.
pub(crate) fn absent_ancestor(
    repo: &gix::Repository,
    reader: &Reader,
    new: ObjectId,
    stop: &AtomicBool,
) -> Result<Option<ObjectId>, SelectError> {
    let shallow = shallow_commits(repo)?;
    let source = CommitSource {
        find: reader,
        graph: None,
        shallow: &shallow,
        check: Check::Trust,
    };
    let mut walk = Walk::new(&source);
    if !walk.paint(new, WANT)? {
        return Ok(Some(new));
    }
    while walk.missing.is_none() && walk.next(stop)?.is_some() {}
    Ok(walk.missing)
}

/// A commit on a way from `new` down to `old` is never painted from `old`, so the walk cannot end before it
/// has followed that way to its end.
fn is_ancestor<F: gix::objs::Find>(
    source: &CommitSource<'_, F>,
    old: ObjectId,
    new: ObjectId,
    stop: &AtomicBool,
) -> Result<bool, SelectError> {
    let mut walk = Walk::new(source);
    if !walk.paint(new, WANT)? {
        return Err(ObjectError::Missing(new).into());
    }
    if !walk.paint(old, HAVE)? {
        return Ok(false);
    }
    let reached = |walk: &Walk<'_, F>| {
        let node = walk.find(&old);
        node.is_some_and(|node| node.flags & WANT != 0)
    };
    while !reached(&walk) {
        if !walk.is_open() || walk.next(stop)?.is_none() {
            // What lies behind a hole cannot be told.
            return walk
                .missing
                .map_or(Ok(false), |id| Err(ObjectError::Missing(id).into()));
        }
    }
    Ok(true)
}
