//! The lines of refs that an upload-pack sends, kept as far as they concern one ref.

use gix::protocol::transport::packetline::PacketLineRef;
use sendoff_push::pkt_line::{LineSplitter, PktLineError};

/// The most lines of one ref that are kept.
pub(super) const MAX_LINES: usize = 8;

/// The most lines of a greeting that are kept.
const MAX_FIRST_LINES: usize = 64;

/// Takes lines as they come, and keeps those that concern one ref: a server can list millions of others.
pub(super) struct RefLines<'n> {
    /// Without one the first lines count.
    name: Option<&'n [u8]>,
    splitter: LineSplitter,
    kept: Vec<Vec<u8>>,
    /// Whether a first line with capabilities was seen.
    has_first: bool,
    spoken: Spoken,
    is_malformed: bool,
}

/// What the greeting shows of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// Version 0 or 1: all refs are listed at once.
    Zero,
    /// Version 2.
    Two,
    /// Version 2, whose `ls-refs` can list a HEAD whose branch does not exist yet.
    TwoWithUnborn,
}

impl<'n> RefLines<'n> {
    pub(super) fn of(name: &'n [u8]) -> Self {
        Self::new(Some(name))
    }

    /// Keeps the first lines, where capabilities stand.
    pub(super) fn of_greeting() -> Self {
        Self::new(None)
    }

    fn new(name: Option<&'n [u8]>) -> Self {
        Self {
            name,
            splitter: LineSplitter::default(),
            kept: Vec::new(),
            has_first: false,
            spoken: Spoken::Zero,
            is_malformed: false,
        }
    }

    pub(super) fn feed(&mut self, piece: &[u8]) {
        if self.is_malformed {
            return;
        }
        let Self {
            name,
            kept,
            has_first,
            spoken,
            ..
        } = self;
        let fed = self.splitter.feed(piece, &mut |line| {
            let PacketLineRef::Data(line) = line else {
                return Ok::<(), PktLineError>(());
            };
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let features = line.strip_prefix(b"ls-refs=").unwrap_or_default();
            let mut features = features.split(|byte| *byte == b' ');
            *spoken = match *spoken {
                Spoken::Zero if line == b"version 2" => Spoken::Two,
                Spoken::Two if features.any(|word| word == b"unborn") => Spoken::TwoWithUnborn,
                before => before,
            };
            let is_first = !*has_first && line.contains(&0);
            *has_first |= is_first;
            let mut words = line.split(|byte| matches!(byte, b' ' | 0));
            let second = words.nth(1);
            let (is_wanted, most) = match name {
                Some(name) => (is_first || second == Some(*name), MAX_LINES),
                None => (true, MAX_FIRST_LINES),
            };
            if is_wanted && kept.len() < most {
                kept.push(line.to_vec());
            }
            Ok(())
        });
        self.is_malformed = fed.is_err();
    }

    /// Returns what the greeting shows of the protocol.
    pub(super) const fn spoken(&self) -> Spoken {
        self.spoken
    }

    /// Returns the lines that were kept; `None` when something was no packet line.
    pub(super) fn finish(self) -> Option<Vec<Vec<u8>>> {
        let whole = !self.is_malformed && !self.splitter.is_within_line();
        whole.then_some(self.kept)
    }
}
