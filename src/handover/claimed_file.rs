//! `ClaimedFile`: one claimed file, and how much of it is read and confirmed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::files::{self, FileError};

use super::error::HandoverError;
use super::ownership::check_file;

/// The longest line that is returned, in bytes.
const MAX_LINE_LENGTH: u64 = 16 << 20;
/// How long a file that was read to its end is kept after it was claimed or last written to.
const RETENTION_TIME: Duration = Duration::from_mins(10);
/// How long a file must be unchanged before its last line counts without a line feed.
const SETTLE_TIME: Duration = Duration::from_secs(10);

/// One claimed file, and how much of it is read and confirmed.
#[derive(Debug)]
pub(super) struct ClaimedFile {
    number: u64,
    reader: BufReader<File>,
    /// The offset of the next line.
    position: u64,
    /// The offset of the last line that was read.
    last_line: u64,
    /// What an earlier reader confirmed: the offset, and the file's size then.
    confirmed: (u64, u64),
    size: u64,
    /// Whether the file has been unchanged for [`SETTLE_TIME`].
    is_settled: bool,
    /// Recognises a line that is complete without a line feed.
    is_complete: fn(&[u8]) -> bool,
}

/// The result of reading a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The line is in the buffer.
    Whole,
    /// The line is longer than [`MAX_LINE_LENGTH`] and was skipped.
    TooLong,
    /// There is no further complete line.
    End,
}

impl ClaimedFile {
    /// Returns the file name for a number.
    pub(super) fn name(number: u64) -> String {
        format!("{number:08}.jsonl")
    }

    /// Returns the number that a file name holds.
    pub(super) fn number(name: &str) -> Option<u64> {
        name.strip_suffix(".jsonl")?.parse().ok()
    }

    /// Opens a claimed file at the confirmed offset; `None` when it does not exist.
    pub(super) fn open(
        private: &OwnedFd,
        directory: &Path,
        number: u64,
        now: SystemTime,
    ) -> Result<Option<Self>, HandoverError> {
        let name = Self::name(number);
        let path = directory.join(&name);
        let file = match files::open_at(private, &name) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(FileError::Io(error)) => return Err(HandoverError::io(path, "opened", error)),
            Err(_) => return Err(HandoverError::refused(path, "not a regular file")),
        };
        let stat = rustix::fs::fstat(&file)
            .map_err(|error| HandoverError::io(&path, "inspected", error))?;
        check_file(&stat, &path)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let confirmed = read_mark(private, number)
            .filter(|(position, _)| *position <= size)
            .unwrap_or((0, 0));
        let mut reader = BufReader::with_capacity(1 << 16, file);
        reader
            .seek(SeekFrom::Start(confirmed.0))
            .map_err(|error| HandoverError::io(&path, "read", error))?;
        Ok(Some(Self {
            number,
            reader,
            position: confirmed.0,
            last_line: confirmed.0,
            confirmed,
            size,
            is_settled: idle_time(&stat, now) > SETTLE_TIME,
            is_complete: |_| false,
        }))
    }

    /// Reads the next line, without its end, into `line`.
    ///
    /// A line without a line feed is still being written, unless it is complete as it is. It counts
    /// once the file is settled and has not grown since an earlier reader saw it.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Reading> {
        line.clear();
        let read = (&mut self.reader)
            .take(MAX_LINE_LENGTH + 1)
            .read_until(b'\n', line)?;
        let mut length = u64::try_from(read).unwrap_or(u64::MAX);
        let ended = line.last() == Some(&b'\n');
        let too_long = !ended && length > MAX_LINE_LENGTH;
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
        let complete = complete || (read > 0 && !too_long && (self.is_complete)(line));
        if read == 0 || !(complete || self.is_settled_tail()) {
            return Ok(Reading::End);
        }
        self.last_line = self.position;
        self.position += length;
        if ended {
            line.pop();
        }
        Ok(if too_long {
            Reading::TooLong
        } else {
            Reading::Whole
        })
    }

    /// Sets what recognises a line that is complete without a line feed.
    pub(super) const fn completed_by(&mut self, is_complete: fn(&[u8]) -> bool) {
        self.is_complete = is_complete;
    }

    /// Says whether an earlier reader stopped before the same incomplete last line.
    const fn is_settled_tail(&self) -> bool {
        let (position, size) = self.confirmed;
        self.is_settled && size == self.size && position == self.position
    }

    /// Returns the offset of the next line.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Returns the offset of the last line that was read.
    pub(super) const fn last_line(&self) -> u64 {
        self.last_line
    }

    /// Sets the offset up to which [`confirm`](Self::confirm) counts the file as read.
    pub(super) const fn set_position(&mut self, position: u64) {
        self.position = position;
    }

    /// Confirms what was read: records the offset, or removes a file that no writer can still hold.
    pub(super) fn confirm(&mut self, private: &OwnedFd, now: SystemTime) -> io::Result<()> {
        let stat = rustix::fs::fstat(self.reader.get_ref())?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        if self.position == size
            && idle_time(&stat, now) > RETENTION_TIME
            && !is_open_elsewhere(&stat)
        {
            rustix::fs::unlinkat(private, Self::name(self.number), AtFlags::empty())?;
            return match rustix::fs::unlinkat(private, mark_name(self.number), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let mark = (self.position, self.size);
        if mark == self.confirmed {
            return Ok(());
        }
        write_mark(private, self.number, mark)
    }
}

/// Returns the time since a file was claimed or written to.
fn idle_time(stat: &rustix::fs::Stat, now: SystemTime) -> Duration {
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_ctime).unwrap_or(0));
    now.duration_since(changed).unwrap_or_default()
}

fn mark_name(number: u64) -> String {
    format!("{number:08}.read")
}

/// Reads the confirmed offset and size. A mark that cannot be read counts as absent: lines are then
/// delivered twice, but none is lost.
fn read_mark(private: &OwnedFd, number: u64) -> Option<(u64, u64)> {
    let file = files::open_at(private, mark_name(number)).ok()??;
    let mut text = String::new();
    file.take(64).read_to_string(&mut text).ok()?;
    let (position, size) = text.trim_end().split_once(' ')?;
    Some((position.parse().ok()?, size.parse().ok()?))
}

/// Writes the mark to a temporary file and renames it, so that it is complete or absent.
fn write_mark(private: &OwnedFd, number: u64, (position, size): (u64, u64)) -> io::Result<()> {
    let new = format!("{}.new", mark_name(number));
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::openat(private, &new, flags, Mode::RUSR | Mode::WUSR)?;
    File::from(file).write_all(format!("{position} {size}\n").as_bytes())?;
    Ok(rustix::fs::renameat(
        private,
        &new,
        private,
        mark_name(number),
    )?)
}

/// Says whether another process has the file open, as far as `/proc` shows its descriptors.
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
