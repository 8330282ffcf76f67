//! Takes an advertisement as it comes in: nothing of it is held but what is kept.

use gix::bstr::BString;
use gix::hash::Kind;
use gix::protocol::transport::packetline::PacketLineRef;

use super::parse::excerpt;
use super::{Advertisement, AdvertisementError};
use crate::pkt_line::{LineSplitter, PktLineError};

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first line, or the preamble of smart HTTP.
    First,
    /// The flush after that preamble.
    PreambleEnd,
    /// The first line after it.
    FirstRef,
    /// Another ref.
    Ref,
    /// Nothing: what follows is ignored.
    End,
}

/// Reads an advertisement in pieces of any size.
#[derive(Debug)]
pub struct AdvertisementReader {
    splitter: LineSplitter,
    state: State,
    failed: Option<AdvertisementError>,
}

#[derive(Debug)]
struct State {
    next: Next,
    found: Advertisement,
}

impl AdvertisementReader {
    /// Begins. `kind` is the repository's hash, `branch` the full name of the branch that is pushed.
    pub fn new(kind: Kind, branch: &[u8]) -> Self {
        let found = Advertisement {
            branch: branch.into(),
            tip: None,
            branches: Vec::new(),
            branch_ids: Vec::new(),
            other_ids: Vec::new(),
            haves: Vec::new(),
            object_format: kind,
            capabilities: Vec::new(),
        };
        Self {
            splitter: LineSplitter::default(),
            state: State {
                next: Next::First,
                found,
            },
            failed: None,
        }
    }

    /// Takes the next piece. What is wrong with it is said at the end.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.failed.is_some() || self.state.next == Next::End {
            return;
        }
        let state = &mut self.state;
        let fed = self.splitter.feed(piece, &mut |line| state.take(line));
        // What follows the end is ignored.
        self.failed = fed.err().filter(|_| self.state.next != Next::End);
    }

    /// Returns what was advertised, as far as it is kept.
    pub fn finish(self) -> Result<Advertisement, AdvertisementError> {
        match self.failed {
            Some(error) => Err(error),
            None if self.state.next == Next::End => Ok(self.state.found),
            None if self.splitter.is_within_line() => Err(PktLineError::Truncated.into()),
            None => Err(AdvertisementError::Truncated),
        }
    }

    /// Returns what was advertised so far.
    pub fn so_far(&self) -> &Advertisement {
        &self.state.found
    }
}

impl Advertisement {
    /// Reads a whole advertisement, with or without the preamble of smart HTTP. `kind` is the repository's hash, `branch`
    /// the full name of the branch that is pushed.
    pub fn parse(buffer: &[u8], kind: Kind, branch: &[u8]) -> Result<Self, AdvertisementError> {
        let mut reader = AdvertisementReader::new(kind, branch);
        reader.feed(buffer);
        reader.finish()
    }
}

impl State {
    fn take(&mut self, line: PacketLineRef<'_>) -> Result<(), AdvertisementError> {
        let line = match line {
            PacketLineRef::Data(line) => line.strip_suffix(b"\n").unwrap_or(line),
            PacketLineRef::Flush => return self.flush(),
            _ if self.next == Next::End => return Ok(()),
            // Delimiters belong to protocol 2, which receive-pack does not speak.
            _ => return Err(PktLineError::Malformed.into()),
        };
        match self.next {
            Next::First if line == b"# service=git-receive-pack" => {
                self.next = Next::PreambleEnd;
                return Ok(());
            }
            Next::First | Next::FirstRef => self.found.read_first(line)?,
            Next::PreambleEnd => return Err(AdvertisementError::Unexpected(excerpt(line))),
            Next::Ref => self.found.read_ref(line)?,
            Next::End => return Ok(()),
        }
        self.next = Next::Ref;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), AdvertisementError> {
        self.next = match self.next {
            Next::PreambleEnd => Next::FirstRef,
            // An empty repository still names its capabilities; a flush without is no receive-pack.
            Next::First | Next::FirstRef => {
                return Err(AdvertisementError::Unexpected(BString::default()));
            }
            Next::Ref | Next::End => Next::End,
        };
        Ok(())
    }
}
