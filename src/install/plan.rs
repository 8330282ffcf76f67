//! `Plan`: the changes to files, notes about them, and what is left to do by hand.

use std::path::PathBuf;

use similar::TextDiff;

use super::content::Content;
use super::entry::Target;

/// The changes of an installation or removal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in an order such that hooks work after each of them, as before or as planned.
    pub changes: Vec<FileChange>,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// What is left to do by hand.
    pub todo: Vec<String>,
}

/// One file that is written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The target that it is for.
    pub target: Target,
    /// The file.
    pub path: PathBuf,
    /// The content that must be unchanged when it is replaced.
    pub before: Option<Content>,
    /// The new content; `None` removes the file.
    pub after: Option<Content>,
    /// How concurrent writers are excluded.
    pub locking: Locking,
    /// What the change is for.
    pub purpose: Purpose,
}

/// What a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To install: the old content is stored in the records.
    Install,
    /// To remove: the file is removed from the records.
    Remove,
}

/// How concurrent writers of a file are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// There is no convention to lock the file.
    None,
    /// By `<file>.lock`, as git does.
    AsGit,
}

impl Plan {
    /// Adds the changes, notes and tasks of another plan.
    pub fn extend(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.notes.extend(other.notes);
        self.todo.extend(other.todo);
    }

    /// Says whether nothing is to be changed.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl FileChange {
    /// Makes the change that installs `after`, in a file without a lock.
    pub(super) const fn install(
        target: Target,
        path: PathBuf,
        before: Option<Content>,
        after: Content,
    ) -> Self {
        Self {
            target,
            path,
            before,
            after: Some(after),
            locking: Locking::None,
            purpose: Purpose::Install,
        }
    }

    /// Makes the change that removes our entry, in a file without a lock. `after` is what is left of the file.
    pub(super) const fn remove(
        target: Target,
        path: PathBuf,
        before: Content,
        after: Option<Content>,
    ) -> Self {
        Self {
            target,
            path,
            before: Some(before),
            after,
            locking: Locking::None,
            purpose: Purpose::Remove,
        }
    }

    /// Makes it a change under the lock that git takes.
    #[must_use]
    pub(super) const fn locked_as_git(mut self) -> Self {
        self.locking = Locking::AsGit;
        self
    }

    /// Describes the change in one line.
    pub fn summary(&self) -> String {
        let verb = match (&self.before, &self.after) {
            (None, _) => "write",
            (_, None) => "remove",
            _ => "change",
        };
        format!("{verb} {}", self.path.display())
    }

    /// Returns the difference between the old and the new file, in the form of `diff -u`.
    pub fn diff(&self) -> String {
        let name = self.path.display().to_string();
        let side = |content: &Option<Content>| match content {
            None => ("/dev/null".to_owned(), String::new()),
            Some(Content::Link(target)) => {
                (name.clone(), format!("link to {}\n", target.display()))
            }
            Some(Content::File { bytes, .. }) => {
                (name.clone(), String::from_utf8_lossy(bytes).into_owned())
            }
        };
        let ((old_name, old), (new_name, new)) = (side(&self.before), side(&self.after));
        let diff = TextDiff::from_lines(&old, &new);
        diff.unified_diff().header(&old_name, &new_name).to_string()
    }
}
