//! `take`: locks the private directory and moves the file into it.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;
use std::time::SystemTime;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::claim::Claim;
use super::error::HandoverError;
use super::taken::Taken;

/// How often the lock is tried, and how long apart: a second in all.
const LOCK_TRIES: u32 = 100;
/// See [`LOCK_TRIES`].
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// The name of the lock in the private directory.
const LOCK: &str = "lock";
/// What the name of the private directory ends in.
const CLAIMED: &str = ".claimed";
/// More files than this are left for later runs.
const MOST_CLAIMS: usize = 64;

/// Takes over the file at `path`, and what earlier readers took and did not confirm. Returns nothing
/// when there is nothing of either.
///
/// `now` decides how long a file is kept that was read to its end.
pub fn take(path: &Path, now: SystemTime) -> Result<Option<Taken>, HandoverError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(refused(path, "no path of a file"));
    };
    let directory = match rustix::fs::open(parent, DIRECTORY, Mode::empty()) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(HandoverError::io(parent, "opened", error)),
    };
    let exists = look_at(&directory, name, path)?;
    let mut private_name = name.to_owned();
    private_name.push(CLAIMED);
    let place = path.with_file_name(&private_name);
    let Some(private) = private_directory(&directory, &private_name, &place, exists)? else {
        return Ok(None);
    };
    let lock = lock(&private, &place, path)?;
    let mut numbers = numbers(&private, &place)?;
    if exists && numbers.len() < MOST_CLAIMS {
        let next = numbers.last().map_or(1, |last| last + 1);
        match rustix::fs::renameat(&directory, name, &private, Claim::name(next)) {
            Ok(()) => numbers.push(next),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(HandoverError::io(path, "claimed", error)),
        }
    }
    numbers.truncate(MOST_CLAIMS);
    let mut claims = Vec::with_capacity(numbers.len());
    for number in numbers {
        claims.extend(Claim::open(&private, &place, number, now)?);
    }
    Ok(Some(Taken::new(private, place, lock, claims, now)))
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// Says whether the file is there; an error when it is not a regular file of this user.
fn look_at(directory: &OwnedFd, name: &OsStr, path: &Path) -> Result<bool, HandoverError> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => check(&stat, path).map(|()| true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(HandoverError::io(path, "looked at", error)),
    }
}

/// Refuses all but regular files of this user.
pub(super) fn check(stat: &Stat, path: &Path) -> Result<(), HandoverError> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => return Err(refused(path, "a symbolic link")),
        FileType::Directory => return Err(refused(path, "a directory")),
        _ => return Err(refused(path, "no regular file")),
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "another user's file"));
    }
    Ok(())
}

/// Opens the private directory; makes it when there is something to put into it.
fn private_directory(
    directory: &OwnedFd,
    name: &OsStr,
    place: &Path,
    wanted: bool,
) -> Result<Option<OwnedFd>, HandoverError> {
    if wanted {
        match rustix::fs::mkdirat(directory, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(HandoverError::io(place, "made", error)),
        }
    }
    let opened = rustix::fs::openat(directory, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
    let private = match opened {
        Ok(private) => private,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => return Err(refused(place, "no directory")),
        Err(error) => return Err(HandoverError::io(place, "opened", error)),
    };
    let stat = rustix::fs::fstat(&private)
        .map_err(|error| HandoverError::io(place, "looked at", error))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(refused(place, "another user's directory"));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(refused(place, "a directory that others can write to"));
    }
    Ok(Some(private))
}

/// Takes the lock, which ends with the process at the latest.
fn lock(private: &OwnedFd, place: &Path, path: &Path) -> Result<File, HandoverError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::openat(private, LOCK, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|error| HandoverError::io(place.join(LOCK), "opened", error))?;
    let file = File::from(file);
    // A program that is being started holds a copy of every lock for a moment.
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => {
                return Err(HandoverError::io(place.join(LOCK), "locked", error));
            }
        }
    }
    Err(HandoverError::Busy(path.to_owned()))
}

/// Returns the numbers of the claimed files, oldest first.
fn numbers(private: &OwnedFd, place: &Path) -> Result<Vec<u64>, HandoverError> {
    let failed = |error| HandoverError::io(place, "listed", error);
    let mut numbers = Vec::new();
    for entry in Dir::read_from(private).map_err(failed)? {
        let name = entry.map_err(failed)?;
        numbers.extend(name.file_name().to_str().ok().and_then(Claim::number));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn refused(path: impl Into<PathBuf>, what: &'static str) -> HandoverError {
    HandoverError::Refused {
        path: path.into(),
        what,
    }
}
