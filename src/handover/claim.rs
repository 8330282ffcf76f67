//! `Claim`: one file that was taken, and how far it was handed on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::HandoverError;
use super::place::check;

/// The longest line that is kept, in bytes.
const LONGEST_LINE: u64 = 16 << 20;
/// How long a file stays that was read to its end, since it was claimed or written to.
const KEPT: Duration = Duration::from_mins(10);
/// How long a line without an end must rest before it counts as a line.
const PATIENCE: Duration = Duration::from_secs(10);

/// One file that was taken, and how far it was handed on.
#[derive(Debug)]
pub(super) struct Claim {
    number: u64,
    reader: BufReader<File>,
    /// Where the next line begins.
    at: u64,
    /// Where the line before it began.
    before: u64,
    /// What was confirmed earlier: how far, and how big the file was.
    confirmed: (u64, u64),
    size: u64,
    /// Whether nobody wrote to it for a while.
    rests: bool,
}

/// A line of a claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is in the buffer.
    Whole,
    /// It is too long to be kept.
    TooLong,
    /// There is no further whole line.
    End,
}

impl Claim {
    /// Returns the name of the file with a number.
    pub(super) fn name(number: u64) -> String {
        format!("{number:08}.jsonl")
    }

    /// Returns the number of a file with a name.
    pub(super) fn number(name: &str) -> Option<u64> {
        name.strip_suffix(".jsonl")?.parse().ok()
    }

    /// Opens a claimed file where it was left; nothing when it is gone.
    pub(super) fn open(
        private: &OwnedFd,
        place: &Path,
        number: u64,
        now: SystemTime,
    ) -> Result<Option<Self>, HandoverError> {
        let name = Self::name(number);
        let path = place.join(&name);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(private, &name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(HandoverError::io(path, "opened", error)),
        };
        let stat = rustix::fs::fstat(&file)
            .map_err(|error| HandoverError::io(&path, "looked at", error))?;
        check(&stat, &path)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let confirmed = read_mark(private, number)
            .filter(|(at, _)| *at <= size)
            .unwrap_or((0, 0));
        let mut reader = BufReader::with_capacity(1 << 16, File::from(file));
        reader
            .seek(SeekFrom::Start(confirmed.0))
            .map_err(|error| HandoverError::io(&path, "read", error))?;
        Ok(Some(Self {
            number,
            reader,
            at: confirmed.0,
            before: confirmed.0,
            confirmed,
            size,
            rests: silence(&stat, now) > PATIENCE,
        }))
    }

    /// Reads the next line, without its end, into `line`.
    ///
    /// A line without an end is still being written; it counts when the file rests, and has not
    /// grown since a reader before saw it.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Reading> {
        line.clear();
        let read = (&mut self.reader)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', line)?;
        let mut length = u64::try_from(read).unwrap_or(u64::MAX);
        let ended = line.last() == Some(&b'\n');
        let too_long = !ended && length > LONGEST_LINE;
        let mut complete = ended;
        if too_long {
            line.clear();
            let mut chunk = Vec::new();
            loop {
                chunk.clear();
                let more = (&mut self.reader)
                    .take(1 << 20)
                    .read_until(b'\n', &mut chunk)?;
                length += u64::try_from(more).unwrap_or(0);
                complete = chunk.last() == Some(&b'\n');
                if complete || more == 0 {
                    break;
                }
            }
        }
        if read == 0 || !(complete || self.is_old_tail()) {
            return Ok(Reading::End);
        }
        self.before = self.at;
        self.at += length;
        if ended {
            line.pop();
        }
        Ok(if too_long {
            Reading::TooLong
        } else {
            Reading::Whole
        })
    }

    /// Says whether an earlier reader left this very tail.
    const fn is_old_tail(&self) -> bool {
        let (at, size) = self.confirmed;
        self.rests && size == self.size && at == self.at
    }

    /// Returns where the next line begins.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Returns where the last line began.
    pub(super) const fn before(&self) -> u64 {
        self.before
    }

    /// Counts only what stands before `at` as read.
    pub(super) const fn leave_at(&mut self, at: u64) {
        self.at = at;
    }

    /// Confirms what was read: notes how far, or removes a file that is done with.
    pub(super) fn confirm(&mut self, private: &OwnedFd, now: SystemTime) -> io::Result<()> {
        let stat = rustix::fs::fstat(self.reader.get_ref())?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        if self.at == size && silence(&stat, now) > KEPT && !is_open_elsewhere(&stat) {
            rustix::fs::unlinkat(private, Self::name(self.number), AtFlags::empty())?;
            return match rustix::fs::unlinkat(private, mark_name(self.number), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let mark = (self.at, self.size);
        if mark == self.confirmed {
            return Ok(());
        }
        write_mark(private, self.number, mark)
    }
}

/// Returns how long ago a file was claimed or written to.
fn silence(stat: &rustix::fs::Stat, now: SystemTime) -> Duration {
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_ctime).unwrap_or(0));
    now.duration_since(changed).unwrap_or_default()
}

fn mark_name(number: u64) -> String {
    format!("{number:08}.read")
}

/// Reads how far a file was handed on. A mark that cannot be read counts as none: what was handed
/// on comes once more, and nothing is lost.
fn read_mark(private: &OwnedFd, number: u64) -> Option<(u64, u64)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::openat(private, mark_name(number), flags, Mode::empty()).ok()?;
    let mut text = String::new();
    File::from(file).take(64).read_to_string(&mut text).ok()?;
    let (at, size) = text.trim_end().split_once(' ')?;
    Some((at.parse().ok()?, size.parse().ok()?))
}

/// Writes it beside and renames it, so that a mark is whole or not there.
fn write_mark(private: &OwnedFd, number: u64, (at, size): (u64, u64)) -> io::Result<()> {
    let new = format!("{}.new", mark_name(number));
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::openat(private, &new, flags, Mode::RUSR | Mode::WUSR)?;
    File::from(file).write_all(format!("{at} {size}\n").as_bytes())?;
    Ok(rustix::fs::renameat(
        private,
        &new,
        private,
        mark_name(number),
    )?)
}

/// Says whether another process that can be looked into has the file open.
fn is_open_elsewhere(stat: &rustix::fs::Stat) -> bool {
    let me = std::process::id();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let others = processes.filter(|entry| {
        let id = entry.file_name().to_str().and_then(|id| id.parse().ok());
        id.is_some_and(|id: u32| id != me)
    });
    let descriptors = others
        .filter_map(|entry| std::fs::read_dir(entry.path().join("fd")).ok())
        .flatten()
        .flatten();
    descriptors
        .filter_map(|entry| rustix::fs::stat(entry.path()).ok())
        .any(|open| open.st_dev == stat.st_dev && open.st_ino == stat.st_ino)
}
