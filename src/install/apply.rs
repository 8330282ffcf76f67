//! `apply`: carries out a plan. Each file is replaced as a whole, and only if it is unchanged since the plan was made.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::failpoint::{Point, reach};

use super::content::Content;
use super::context::InstallContext;
use super::error::InstallError;
use super::plan::{FileChange, Locking, Plan, Purpose};
use super::record::Records;

/// The prefix of temporary files.
const TEMPORARY_PREFIX: &str = ".sendoff-install-";

/// Carries out a plan, and calls `done` for each file. Stops at the first error.
pub fn apply(
    plan: &Plan,
    context: &InstallContext,
    mut done: impl FnMut(&FileChange),
) -> Result<(), InstallError> {
    if plan.is_empty() {
        return Ok(());
    }
    let mut records = Records::lock(context.records())?;
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
        // A directory that is not empty stays.
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
        remove_temporary_files(directory);
        let temporary = temporary(directory, after).map_err(failed)?;
        reach(Point::InstallDrafted);
        self.replace(temporary)?;
        reach(Point::InstallWritten);
        match self.purpose {
            Purpose::Install => Ok(()),
            Purpose::Remove => records.forget(&self.path),
        }
    }

    /// Renames the temporary file to the file.
    fn replace(&self, temporary: TempPath) -> Result<(), InstallError> {
        let failed = |error: io::Error| InstallError::write(&self.path, error);
        let temporary = match self.locking {
            Locking::None => temporary,
            Locking::AsGit => self.lock(temporary)?,
        };
        self.check()?;
        let placed = match &self.before {
            // A file that was created since is not overwritten.
            None => temporary.persist_noclobber(&self.path),
            Some(_) => temporary.persist(&self.path),
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

    /// Makes the temporary file the file's lock, as git does, so that nobody else writes the file meanwhile.
    fn lock(&self, temporary: TempPath) -> Result<TempPath, InstallError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        let lock = PathBuf::from(name);
        // A lock with the content that we are about to write is from a process of ours that was killed: the records are
        // locked, so no other one is running.
        if Content::at(&lock)?.is_some_and(|left| Some(left) == self.after) {
            fs::remove_file(&lock).map_err(|error| InstallError::write(&lock, error))?;
        }
        match fs::hard_link(&temporary, &lock) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(InstallError::Locked {
                    path: self.path.clone(),
                    lock,
                });
            }
            Err(error) => return Err(InstallError::write(&lock, error)),
        }
        drop(temporary);
        let lock = TempPath::try_from_path(lock)
            .map_err(|error| InstallError::write(&self.path, error))?;
        reach(Point::InstallLocked);
        Ok(lock)
    }

    /// Fails if the file has changed since the plan was made.
    fn check(&self) -> Result<(), InstallError> {
        if Content::at(&self.path)? == self.before {
            Ok(())
        } else {
            Err(InstallError::Changed(self.path.clone()))
        }
    }
}

/// Writes content to a temporary file in the same directory.
fn temporary(directory: &Path, content: &Content) -> io::Result<TempPath> {
    match content {
        Content::File { bytes, mode } => {
            let mut temporary = NamedTempFile::with_prefix_in(TEMPORARY_PREFIX, directory)?;
            temporary.write_all(bytes)?;
            temporary
                .as_file()
                .set_permissions(Permissions::from_mode(*mode))?;
            temporary.as_file().sync_all()?;
            Ok(temporary.into_temp_path())
        }
        Content::Link(target) => {
            let mut builder = tempfile::Builder::new();
            let made = builder
                .prefix(TEMPORARY_PREFIX)
                .make_in(directory, |path| symlink(target, path))?;
            Ok(made.into_temp_path())
        }
    }
}

/// Removes the temporary files of a process that was killed. The lock of the records ensures that no other one is running.
fn remove_temporary_files(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(TEMPORARY_PREFIX.as_bytes())
        {
            let _left = fs::remove_file(entry.path());
        }
    }
}
