//! Which files and directories are used: those of this user only.

use std::path::Path;

use rustix::fs::{FileType, Stat};
use rustix::process::geteuid;

use super::error::HandoverError;

/// Refuses all but regular files of this user.
pub(super) fn check_file(stat: &Stat, path: &Path) -> Result<(), HandoverError> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => return Err(HandoverError::refused(path, "a symbolic link")),
        FileType::Directory => return Err(HandoverError::refused(path, "a directory")),
        _ => return Err(HandoverError::refused(path, "not a regular file")),
    }
    if stat.st_uid != geteuid().as_raw() {
        return Err(HandoverError::refused(path, "another user's file"));
    }
    Ok(())
}

/// Refuses a directory that another user owns or can write to.
pub(super) fn check_directory(stat: &Stat, path: &Path) -> Result<(), HandoverError> {
    if stat.st_uid != geteuid().as_raw() {
        return Err(HandoverError::refused(path, "another user's directory"));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(HandoverError::refused(
            path,
            "a directory that others can write to",
        ));
    }
    Ok(())
}
