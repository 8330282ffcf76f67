//! `Operation`: a rebase, a merge, ... that is in progress in this work tree.

use std::fmt;

use crate::files::{Links, read};

use super::Repo;

/// The largest `sequencer/todo` that is read, in bytes.
const TODO_LIMIT: u64 = 16 * 1024 * 1024;

/// An operation that git has started and not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `git am`
    Am,
    /// `git rebase`, by either of its backends.
    Rebase,
    /// `git merge`
    Merge,
    /// `git cherry-pick`, of one commit or more.
    CherryPick,
    /// `git revert`, of one commit or more.
    Revert,
    /// `git bisect`
    Bisect,
}

impl Operation {
    /// Returns git's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Am => "am",
            Self::Rebase => "rebase",
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Repo {
    /// Returns the operation in progress, by the files that git keeps in this work tree's git directory.
    pub fn operation(&self) -> Option<Operation> {
        let exists = |name: &str| self.git_dir().join(name).exists();
        if exists("rebase-apply/applying") {
            return Some(Operation::Am);
        }
        if exists("rebase-apply") || exists("rebase-merge") {
            return Some(Operation::Rebase);
        }
        if exists("MERGE_HEAD") {
            return Some(Operation::Merge);
        }
        if exists("CHERRY_PICK_HEAD") {
            return Some(Operation::CherryPick);
        }
        if exists("REVERT_HEAD") {
            return Some(Operation::Revert);
        }
        // An empty directory is left of an operation that ended.
        if exists("sequencer/todo") {
            return Some(self.sequencer_operation());
        }
        exists("BISECT_LOG").then_some(Operation::Bisect)
    }

    /// Tells a cherry-pick of several commits from a revert, between two of them.
    fn sequencer_operation(&self) -> Operation {
        let todo = self.git_dir().join("sequencer/todo");
        match read(&todo, TODO_LIMIT, Links::Refused) {
            Ok(Some(text)) if text.starts_with(b"revert") => Operation::Revert,
            _ => Operation::CherryPick,
        }
    }
}
