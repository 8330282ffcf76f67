//! `Plan`: what would be written, what to know about it, what to do afterwards.

use std::path::PathBuf;

use similar::TextDiff;

use super::content::Content;
use super::entry::Target;

/// What an installation or removal changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in their order: after each one of them everything works as before or as planned.
    pub changes: Vec<FileChange>,
    /// What to know.
    pub notes: Vec<String>,
    /// What is left to do by hand.
    pub todo: Vec<String>,
}

/// One file that is written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// For whom.
    pub target: Target,
    /// The file.
    pub path: PathBuf,
    /// What must be there still when it is changed.
    pub before: Option<Content>,
    /// What is there afterwards.
    pub after: Option<Content>,
    /// How others are kept from writing meanwhile.
    pub locking: Locking,
    /// What the change is for.
    pub purpose: Purpose,
}

/// What a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To install: what was there before is kept in the records.
    Install,
    /// To remove: the records forget the file.
    Remove,
}

/// How others are kept from writing a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// Nobody locks such a file.
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
    /// Makes the change that installs a text, in a file that nobody locks.
    pub(super) fn install(
        target: Target,
        path: PathBuf,
        before: Option<Content>,
        text: String,
        mode: u32,
    ) -> Self {
        Self {
            target,
            path,
            before,
            after: Some(Content::File {
                bytes: text.into_bytes(),
                mode,
            }),
            locking: Locking::None,
            purpose: Purpose::Install,
        }
    }

    /// Says what is done with the file, in one line.
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
