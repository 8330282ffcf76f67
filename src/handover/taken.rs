//! `Taken`: the lines that were taken over, until they are confirmed.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::SystemTime;

use super::claim::{Claim, Reading};
use super::error::HandoverError;

/// Lines that were taken over. Dropped without [`confirm`](Self::confirm), the next reader gets them.
#[derive(Debug)]
pub struct Taken {
    private: OwnedFd,
    place: PathBuf,
    claims: Vec<Claim>,
    /// The claim that is read.
    current: usize,
    now: SystemTime,
    /// Held until the end, so that no other reader gets the same lines.
    _lock: File,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes are in the buffer.
    Whole,
    /// It was too long to be kept, and was passed over.
    TooLong,
}

impl Taken {
    pub(super) const fn new(
        private: OwnedFd,
        place: PathBuf,
        lock: File,
        claims: Vec<Claim>,
        now: SystemTime,
    ) -> Self {
        Self {
            private,
            place,
            claims,
            current: 0,
            now,
            _lock: lock,
        }
    }

    /// Reads the next line, without its end, into `line`; nothing after the last.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<Line>, HandoverError> {
        while let Some(claim) = self.claims.get_mut(self.current) {
            let read = claim
                .next(line)
                .map_err(|error| HandoverError::io(&self.place, "read", error))?;
            match read {
                Reading::Whole => return Ok(Some(Line::Whole)),
                Reading::TooLong => return Ok(Some(Line::TooLong)),
                Reading::End => self.current += 1,
            }
        }
        Ok(None)
    }

    /// Takes the last line back and counts it and all that follow, blank lines not: they belong to
    /// the next reader.
    pub fn leave_rest(&mut self) -> Result<u64, HandoverError> {
        let mut rest = 1;
        let mut line = Vec::new();
        let stopped = self.current;
        let mut left: Vec<u64> = self.claims.iter().map(Claim::at).collect();
        if let (Some(at), Some(claim)) = (left.get_mut(stopped), self.claims.get(stopped)) {
            *at = claim.before();
        }
        while let Some(read) = self.next(&mut line)? {
            rest += u64::from(read == Line::TooLong || !line.trim_ascii().is_empty());
        }
        for (claim, at) in self.claims.iter_mut().zip(left) {
            claim.leave_at(at);
        }
        Ok(rest)
    }

    /// Confirms that all lines that were read are handed on.
    pub fn confirm(mut self) -> Result<(), HandoverError> {
        for claim in &mut self.claims {
            claim
                .confirm(&self.private, self.now)
                .map_err(|error| HandoverError::io(&self.place, "written to", error))?;
        }
        Ok(())
    }
}
