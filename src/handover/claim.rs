//! `claim`: locks the private directory and moves the file into it.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::claimed_file::ClaimedFile;
use super::claimed_lines::ClaimedLines;
use super::error::HandoverError;
use super::ownership::{check_directory, check_file};

/// How many times the lock is tried, with [`LOCK_RETRY_DELAY`] between: a second in all.
const MAX_LOCK_ATTEMPTS: u32 = 100;
/// The time between two attempts to take the lock.
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(10);
/// The name of the lock file in the private directory.
const LOCK_FILE: &str = "lock";
/// The suffix of the private directory's name.
const DIRECTORY_SUFFIX: &str = ".claimed";
/// The most files that one run reads; the others are left for later runs.
const MAX_FILES: usize = 64;

/// Claims the file at `path`, together with what earlier readers claimed and did not confirm. Returns
/// `None` when there is neither.
///
/// `now` decides whether a file that was read to its end can be removed.
pub fn claim(path: &Path, now: SystemTime) -> Result<Option<ClaimedLines>, HandoverError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(HandoverError::refused(path, "not the path of a file"));
    };
    let directory = match rustix::fs::open(parent, DIRECTORY_FLAGS, Mode::empty()) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(HandoverError::io(parent, "opened", error)),
    };
    let exists = file_exists(&directory, name, path)?;
    let mut private_name = name.to_owned();
    private_name.push(DIRECTORY_SUFFIX);
    let private_path = path.with_file_name(&private_name);
    let Some(private) = private_directory(&directory, &private_name, &private_path, exists)? else {
        return Ok(None);
    };
    let lock = lock(&private, &private_path, path)?;
    let mut numbers = numbers(&private, &private_path)?;
    if exists && numbers.len() < MAX_FILES {
        let next = numbers.last().map_or(1, |last| last + 1);
        match rustix::fs::renameat(&directory, name, &private, ClaimedFile::name(next)) {
            Ok(()) => numbers.push(next),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(HandoverError::io(path, "claimed", error)),
        }
    }
    numbers.truncate(MAX_FILES);
    let mut files = Vec::with_capacity(numbers.len());
    for number in numbers {
        files.extend(ClaimedFile::open(&private, &private_path, number, now)?);
    }
    Ok(Some(ClaimedLines::new(
        private,
        private_path,
        lock,
        files,
        now,
    )))
}

/// How directories are opened.
const DIRECTORY_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// Says whether the file exists; fails when it is not a regular file of this user.
fn file_exists(directory: &OwnedFd, name: &OsStr, path: &Path) -> Result<bool, HandoverError> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => check_file(&stat, path).map(|()| true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(HandoverError::io(path, "inspected", error)),
    }
}

/// Opens the private directory, and creates it first when there is a file to claim.
fn private_directory(
    directory: &OwnedFd,
    name: &OsStr,
    path: &Path,
    create: bool,
) -> Result<Option<OwnedFd>, HandoverError> {
    if create {
        match rustix::fs::mkdirat(directory, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(HandoverError::io(path, "created", error)),
        }
    }
    let opened = rustix::fs::openat(
        directory,
        name,
        DIRECTORY_FLAGS | OFlags::NOFOLLOW,
        Mode::empty(),
    );
    let private = match opened {
        Ok(private) => private,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            return Err(HandoverError::refused(path, "not a directory"));
        }
        Err(error) => return Err(HandoverError::io(path, "opened", error)),
    };
    let stat =
        rustix::fs::fstat(&private).map_err(|error| HandoverError::io(path, "inspected", error))?;
    check_directory(&stat, path)?;
    Ok(Some(private))
}

/// Takes the lock, which the system releases when the process ends.
fn lock(private: &OwnedFd, private_path: &Path, path: &Path) -> Result<File, HandoverError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::openat(private, LOCK_FILE, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|error| HandoverError::io(private_path.join(LOCK_FILE), "opened", error))?;
    let file = File::from(file);
    // Between fork and exec a child holds a copy of every descriptor, and so of the lock.
    for _ in 0..MAX_LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_RETRY_DELAY),
            Err(TryLockError::Error(error)) => {
                return Err(HandoverError::io(
                    private_path.join(LOCK_FILE),
                    "locked",
                    error,
                ));
            }
        }
    }
    Err(HandoverError::Busy(path.to_owned()))
}

/// Returns the numbers of the claimed files, oldest first.
fn numbers(private: &OwnedFd, path: &Path) -> Result<Vec<u64>, HandoverError> {
    let failed = |error| HandoverError::io(path, "listed", error);
    let mut numbers = Vec::new();
    for entry in Dir::read_from(private).map_err(failed)? {
        let name = entry.map_err(failed)?;
        numbers.extend(name.file_name().to_str().ok().and_then(ClaimedFile::number));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
