//! `apply`: carries a plan out. Each file is replaced whole, and only while it is what the plan was made for.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::failpoint::{Point, reach};

use super::content::Content;
use super::error::InstallError;
use super::plan::{FileChange, Locking, Plan, Purpose};
use super::record::Records;
use super::surroundings::Surroundings;

/// How the names of files begin that are being written.
const DRAFT: &str = ".sendoff-install-";

/// Carries a plan out, and calls `done` for each file. At the first error the rest is left.
pub fn apply(
    plan: &Plan,
    around: &Surroundings,
    mut done: impl FnMut(&FileChange),
) -> Result<(), InstallError> {
    if plan.is_empty() {
        return Ok(());
    }
    let mut records = Records::lock(around.records())?;
    let mut made = Vec::new();
    for change in &plan.changes {
        if change.purpose == Purpose::Remove && change.after.is_none() {
            made.extend(records.directories(&change.path));
        }
        change.carry_out(&mut records)?;
        done(change);
    }
    // The innermost first.
    made.sort_unstable_by_key(|directory: &PathBuf| {
        std::cmp::Reverse(directory.components().count())
    });
    for directory in made {
        // One that others use by now is not empty.
        let _left = fs::remove_dir(directory);
    }
    Ok(())
}

impl FileChange {
    fn carry_out(&self, records: &mut Records) -> Result<(), InstallError> {
        self.check()?;
        let failed = |error: io::Error| InstallError::write(&self.path, error);
        let Some(after) = &self.after else {
            fs::remove_file(&self.path).map_err(failed)?;
            return records.forget(&self.path);
        };
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        if self.purpose == Purpose::Install {
            records.note(self.target.name(), &self.path, self.before.as_ref(), after)?;
        }
        reach(Point::InstallNoted);
        fs::create_dir_all(directory).map_err(failed)?;
        remove_drafts(directory);
        let draft = draft(directory, after).map_err(failed)?;
        reach(Point::InstallDrafted);
        self.replace(draft)?;
        reach(Point::InstallWritten);
        match self.purpose {
            Purpose::Install => Ok(()),
            Purpose::Remove => records.forget(&self.path),
        }
    }

    /// Puts the draft in the place of the file.
    fn replace(&self, draft: TempPath) -> Result<(), InstallError> {
        let failed = |error: io::Error| InstallError::write(&self.path, error);
        let draft = match self.locking {
            Locking::None => draft,
            Locking::AsGit => self.lock(draft)?,
        };
        self.check()?;
        let placed = match &self.before {
            // A file that appears right now is not lost.
            None => draft.persist_noclobber(&self.path),
            Some(_) => draft.persist(&self.path),
        };
        match placed {
            Ok(()) => {}
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                return Err(InstallError::Changed(self.path.clone()));
            }
            Err(error) => return Err(failed(error.error)),
        }
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    }

    /// Makes the draft the file's lock, as git has it: nobody else writes the file meanwhile.
    fn lock(&self, draft: TempPath) -> Result<TempPath, InstallError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        let lock = PathBuf::from(name);
        // One that we left when we were killed holds what we are about to write: the records are locked, so no other
        // process of ours is at work.
        if Content::at(&lock)?.is_some_and(|left| Some(left) == self.after) {
            fs::remove_file(&lock).map_err(|error| InstallError::write(&lock, error))?;
        }
        match fs::hard_link(&draft, &lock) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(InstallError::Locked {
                    path: self.path.clone(),
                    lock,
                });
            }
            Err(error) => return Err(InstallError::write(&lock, error)),
        }
        drop(draft);
        let lock = TempPath::try_from_path(lock)
            .map_err(|error| InstallError::write(&self.path, error))?;
        reach(Point::InstallLocked);
        Ok(lock)
    }

    /// Refuses when the file is not what the plan was made for.
    fn check(&self) -> Result<(), InstallError> {
        if Content::at(&self.path)? == self.before {
            Ok(())
        } else {
            Err(InstallError::Changed(self.path.clone()))
        }
    }
}

/// Writes content beside the file that it is for.
fn draft(directory: &Path, content: &Content) -> io::Result<TempPath> {
    match content {
        Content::File { bytes, mode } => {
            let mut draft = NamedTempFile::with_prefix_in(DRAFT, directory)?;
            draft.write_all(bytes)?;
            draft
                .as_file()
                .set_permissions(Permissions::from_mode(*mode))?;
            draft.as_file().sync_all()?;
            Ok(draft.into_temp_path())
        }
        Content::Link(target) => {
            let mut builder = tempfile::Builder::new();
            let made = builder
                .prefix(DRAFT)
                .make_in(directory, |path| symlink(target, path))?;
            Ok(made.into_temp_path())
        }
    }
}

/// Removes what a process left that was killed: the lock of the records says that no other one is at work.
fn remove_drafts(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(DRAFT.as_bytes())
        {
            let _left = fs::remove_file(entry.path());
        }
    }
}
