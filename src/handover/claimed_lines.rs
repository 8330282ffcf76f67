//! `ClaimedLines`: the lines of the claimed files, until they are confirmed.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::SystemTime;

use super::claimed_file::{ClaimedFile, Reading};
use super::error::HandoverError;

/// The lines of the claimed files. Without [`confirm`](Self::confirm) the next reader gets them again.
#[derive(Debug)]
pub struct ClaimedLines {
    private: OwnedFd,
    path: PathBuf,
    files: Vec<ClaimedFile>,
    /// The index of the file that is being read.
    current: usize,
    now: SystemTime,
    /// Held so that no other reader gets the same lines.
    _lock: File,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// The line is in the buffer.
    Whole,
    /// The line was too long and was skipped.
    TooLong,
}

impl ClaimedLines {
    pub(super) const fn new(
        private: OwnedFd,
        path: PathBuf,
        lock: File,
        files: Vec<ClaimedFile>,
        now: SystemTime,
    ) -> Self {
        Self {
            private,
            path,
            files,
            current: 0,
            now,
            _lock: lock,
        }
    }

    /// Sets what recognises a line that is complete before its line feed is written.
    #[must_use]
    pub fn completed_by(mut self, is_complete: fn(&[u8]) -> bool) -> Self {
        for file in &mut self.files {
            file.completed_by(is_complete);
        }
        self
    }

    /// Reads the next line, without its line feed, into `line`; `None` after the last one.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<Line>, HandoverError> {
        while let Some(file) = self.files.get_mut(self.current) {
            let read = file
                .next(line)
                .map_err(|error| HandoverError::io(&self.path, "read", error))?;
            match read {
                Reading::Whole => return Ok(Some(Line::Whole)),
                Reading::TooLong => return Ok(Some(Line::TooLong)),
                Reading::End => self.current += 1,
            }
        }
        Ok(None)
    }

    /// Leaves the last line and all that follow to the next reader, and returns how many they are
    /// without blank lines.
    pub fn leave_rest(&mut self) -> Result<u64, HandoverError> {
        let mut rest = 1;
        let mut line = Vec::new();
        let current = self.current;
        let mut positions: Vec<u64> = self.files.iter().map(ClaimedFile::position).collect();
        if let (Some(position), Some(file)) = (positions.get_mut(current), self.files.get(current))
        {
            *position = file.last_line();
        }
        while let Some(read) = self.next(&mut line)? {
            rest += u64::from(read == Line::TooLong || !line.trim_ascii().is_empty());
        }
        for (file, position) in self.files.iter_mut().zip(positions) {
            file.set_position(position);
        }
        Ok(rest)
    }

    /// Confirms that the caller has delivered all lines that were read.
    pub fn confirm(mut self) -> Result<(), HandoverError> {
        for file in &mut self.files {
            file.confirm(&self.private, self.now)
                .map_err(|error| HandoverError::io(&self.path, "written to", error))?;
        }
        Ok(())
    }
}
