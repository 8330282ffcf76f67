//! `Turn`: a lock file that lets one process at a time work on something.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{make_private_directory, open_lock_file};

use super::place::{Slot, bytes};

/// A lock, which is released when this is dropped, or with the process.
#[derive(Debug)]
pub struct Turn {
    _lock: Option<File>,
}

/// What a lock is for.
#[derive(Debug, Clone, Copy)]
pub enum TurnAt<'a> {
    /// A repository and a branch: one worker ships it.
    Slot(&'a Slot),
    /// The memories of one workspace at one origin: they are delivered in order.
    Memories(&'a str, &'a str),
    /// The heartbeats of one workspace at one origin: an older one must not overtake a newer one.
    Heartbeats(&'a str, &'a str),
}

impl Turn {
    /// Takes the lock; returns `None` when another process holds it.
    ///
    /// Without a state directory there is nothing to lock, and every process gets it.
    pub fn take(state: Option<&Path>, at: TurnAt<'_>) -> io::Result<Option<Self>> {
        let Some(state) = state else {
            return Ok(Some(Self { _lock: None }));
        };
        let path = at.path(state);
        if let Some(directory) = path.parent() {
            make_private_directory(directory)?;
        }
        let file = open_lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Says whether another process holds the lock.
    pub fn is_taken(state: &Path, at: TurnAt<'_>) -> bool {
        File::open(at.path(state))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

impl TurnAt<'_> {
    /// Returns the lock's file. Its name reveals nothing about the slot.
    fn path(self, state: &Path) -> PathBuf {
        let (kind, first, second) = match self {
            Self::Slot(slot) => ("slot", bytes(&slot.repository), slot.branch.as_bytes()),
            Self::Memories(origin, workspace) => {
                ("memories", origin.as_bytes(), workspace.as_bytes())
            }
            Self::Heartbeats(origin, workspace) => {
                ("heartbeats", origin.as_bytes(), workspace.as_bytes())
            }
        };
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        for part in [kind.as_bytes(), first, second] {
            hasher.update(part);
            hasher.update(&[0]);
        }
        let id = hasher.try_finalize();
        let name = id.map_or_else(|_| kind.to_owned(), |id| id.to_string());
        state.join("locks").join(format!("{name}.lock"))
    }
}
