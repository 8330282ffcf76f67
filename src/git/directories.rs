//! The directories of an open repository: a link in the place of one counts only as it did when the repository was opened.

use std::path::Path;

use crate::files::{Directory, FileError};

use super::Repo;
use super::discover::RepoPaths;
use super::lead::{Lead, Leading, Leads};
use super::leads::{links, real};
use super::open_error::OpenError;

/// Refuses what gitoxide opened where it is not what was found: it reads the `.git` file and `commondir` anew, and either can
/// come or change in between.
pub(super) fn check_opened(
    paths: &RepoPaths,
    leads: &Leads,
    opened: &gix::ThreadSafeRepository,
) -> Result<(), OpenError> {
    let opened = opened.to_thread_local();
    let pointer = paths.git_dir.join("commondir");
    for (from, found, wanted) in [
        (&paths.entry, opened.git_dir(), &paths.git_dir),
        (&pointer, opened.common_dir(), &paths.common_dir),
    ] {
        let to = real(found);
        // What a trusted link leads to, or a directory that was put in its place since.
        let is_it = to == *wanted || leads.link(wanted).is_some_and(|lead| lead.to == to);
        if !is_it {
            return Err(OpenError::LeadsOut(Leads {
                common_dir: paths.common_dir.clone(),
                found: vec![Lead {
                    from: from.clone(),
                    to,
                    how: Leading::Changed,
                }],
            }));
        }
    }
    Ok(())
}

impl Repo {
    /// Refuses links in the place of git's directories that were not there when the repository was opened, or led elsewhere:
    /// whoever can write to it can put one there while a run goes on.
    pub fn check_links(&self) -> Result<(), OpenError> {
        let new = links(&self.paths).filter(|lead| !self.leads.found.contains(lead));
        let found: Vec<_> = new.collect();
        if found.is_empty() {
            return Ok(());
        }
        Err(OpenError::LeadsOut(Leads {
            common_dir: self.common_dir().to_owned(),
            found,
        }))
    }

    /// Returns the directories that may hold the loose ref, or its log, at `path`, and the path below each.
    pub(super) fn ref_directories<'p>(
        &self,
        path: &'p Path,
    ) -> Result<Vec<(Directory, &'p Path)>, FileError> {
        let refs = self.common_dir().join("refs");
        let shared = match path.strip_prefix("refs") {
            // Nothing below a directory is a link, so one in the place of `refs` is followed by itself.
            Ok(below) if self.leads.link(&refs).is_some() => (refs.as_path(), below),
            _ => (self.common_dir(), path),
        };
        let own = (self.git_dir() != self.common_dir()).then(|| (self.git_dir(), path));
        let mut opened = Vec::with_capacity(2);
        for (directory, below) in std::iter::once(shared).chain(own) {
            opened.extend(self.directory(directory)?.map(|opened| (opened, below)));
        }
        Ok(opened)
    }

    /// Opens a directory of the repository; `None` when there is none.
    pub(super) fn directory(&self, path: &Path) -> Result<Option<Directory>, FileError> {
        match self.leads.link(path) {
            Some(lead) if path.is_symlink() => {
                if path.canonicalize().ok().as_ref() == Some(&lead.to) {
                    Directory::open_unlinked(&lead.to)
                } else {
                    Err(FileError::Link)
                }
            }
            // Where there is no link any more it is a directory as any other.
            _ => Directory::open_unlinked(path),
        }
    }
}
