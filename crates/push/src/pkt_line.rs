//! Packet lines: how they are written, and a reader of those in a buffer.
//!
//! Git's `gitprotocol-common`, "pkt-line Format".

use gix::protocol::transport::packetline::PacketLineRef;
use gix::protocol::transport::packetline::decode::{Stream, streaming};

/// The largest content of one line, in bytes: the length field holds four hex digits, git's limit is 65520.
pub const MAX_DATA: usize = 65_516;

/// The line without content that ends a section.
pub const FLUSH: &[u8; 4] = b"0000";

/// Why a packet line cannot be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PktLineError {
    /// There is no such line as an empty one: its length would read as a special line.
    #[error("a packet line must not be empty")]
    Empty,
    /// The content is larger than a line can be.
    #[error("a packet line of {0} bytes is larger than git allows")]
    TooLong(usize),
    /// The length field is no number that a line can have.
    #[error("the length of a packet line is malformed")]
    Malformed,
    /// The input ends within a line.
    #[error("the input ends within a packet line")]
    Truncated,
}

/// Appends one line with `data` to `out`.
pub fn encode(data: &[u8], out: &mut Vec<u8>) -> Result<(), PktLineError> {
    if data.is_empty() {
        return Err(PktLineError::Empty);
    }
    if data.len() > MAX_DATA {
        return Err(PktLineError::TooLong(data.len()));
    }
    out.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    out.extend_from_slice(data);
    Ok(())
}

/// Appends the flush line to `out`.
pub fn encode_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(FLUSH);
}

/// Takes packet lines out of what comes in, in pieces of any size. At most one line is held.
#[derive(Debug, Clone, Default)]
pub struct LineSplitter {
    held: Vec<u8>,
}

impl LineSplitter {
    /// Takes the next piece, and hands on each line that is complete with it.
    pub fn feed<E: From<PktLineError>>(
        &mut self,
        piece: &[u8],
        take: &mut dyn FnMut(PacketLineRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.held.is_empty() {
                match streaming(rest) {
                    Ok(Stream::Complete {
                        line,
                        bytes_consumed,
                    }) => {
                        take(line)?;
                        rest = rest.get(bytes_consumed..).unwrap_or_default();
                    }
                    Ok(Stream::Incomplete { .. }) => {
                        self.held.extend_from_slice(rest);
                        return Ok(());
                    }
                    Err(_) => return Err(PktLineError::Malformed.into()),
                }
                continue;
            }
            let Ok(Stream::Incomplete { bytes_needed }) = streaming(&self.held) else {
                return Err(PktLineError::Malformed.into());
            };
            let (more, after) = rest.split_at(bytes_needed.min(rest.len()));
            self.held.extend_from_slice(more);
            rest = after;
            match streaming(&self.held) {
                Ok(Stream::Complete { line, .. }) => {
                    take(line)?;
                    self.held.clear();
                }
                Ok(Stream::Incomplete { .. }) => {}
                Err(_) => return Err(PktLineError::Malformed.into()),
            }
        }
        Ok(())
    }

    /// Says whether a line was begun and not ended.
    pub fn is_within_line(&self) -> bool {
        !self.held.is_empty()
    }
}

/// Reads the lines of a buffer, one after the other.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

/// One line as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line with content, never empty.
    Data(&'a [u8]),
    /// The end of a section.
    Flush,
}

impl<'a> Lines<'a> {
    /// Starts at the first byte of `buffer`.
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { rest: buffer }
    }

    /// Returns the next line, or `None` at the end of the buffer.
    pub fn read(&mut self) -> Result<Option<Line<'a>>, PktLineError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Ok(stream) = streaming(self.rest) else {
            return Err(PktLineError::Malformed);
        };
        let Stream::Complete {
            line,
            bytes_consumed,
        } = stream
        else {
            return Err(PktLineError::Truncated);
        };
        self.rest = self.rest.get(bytes_consumed..).unwrap_or_default();
        match line {
            PacketLineRef::Data(data) => Ok(Some(Line::Data(data))),
            PacketLineRef::Flush => Ok(Some(Line::Flush)),
            // Delimiters belong to protocol 2, which receive-pack does not speak.
            PacketLineRef::Delimiter | PacketLineRef::ResponseEnd => Err(PktLineError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(input: &[u8], size: usize) -> Result<Vec<Vec<u8>>, PktLineError> {
        let (mut lines, mut splitter) = (Vec::new(), LineSplitter::default());
        for piece in input.chunks(size) {
            splitter.feed(piece, &mut |line| {
                lines.push(match line {
                    PacketLineRef::Data(data) => data.to_vec(),
                    _ => Vec::new(),
                });
                Ok::<(), PktLineError>(())
            })?;
        }
        assert!(!splitter.is_within_line());
        Ok(lines)
    }

    /// Guards that where a piece ends changes no line.
    #[test]
    fn lines_in_pieces_of_any_size_are_the_same() {
        let mut input = Vec::new();
        for line in [&b"a"[..], &b"bc".repeat(300), b"d\n"] {
            encode(line, &mut input).unwrap();
        }
        encode_flush(&mut input);
        let whole = split(&input, input.len()).unwrap();
        assert_eq!(whole.len(), 4);
        for size in [1, 2, 3, 5, 64, 607] {
            assert_eq!(split(&input, size).unwrap(), whole, "{size}");
        }
        assert_eq!(split(b"000zrest", 3), Err(PktLineError::Malformed));
    }

    #[test]
    fn a_line_carries_its_length_in_four_hex_digits() {
        let mut out = Vec::new();
        encode(b"hello\n", &mut out).unwrap();
        encode_flush(&mut out);
        assert_eq!(out, b"000ahello\n0000");
    }

    #[test]
    fn the_longest_line_is_written_and_one_byte_more_is_not() {
        let mut out = Vec::new();
        encode(&vec![b'x'; MAX_DATA], &mut out).unwrap();
        assert!(out.starts_with(b"fff0"));
        assert_eq!(
            Lines::new(&out)
                .read()
                .unwrap()
                .map(|l| matches!(l, Line::Data(d) if d.len() == MAX_DATA)),
            Some(true)
        );
        let long = encode(&vec![b'x'; MAX_DATA + 1], &mut out);
        assert_eq!(long, Err(PktLineError::TooLong(MAX_DATA + 1)));
        assert_eq!(encode(b"", &mut out), Err(PktLineError::Empty));
    }

    #[test]
    fn hostile_lengths_are_errors() {
        for bad in ["0001", "0002", "0003", "0004", "zzzz", "-001", "fff5x"] {
            let read = Lines::new(bad.as_bytes()).read();
            assert!(read.is_err(), "{bad} was read as {read:?}");
        }
        for short in ["0", "00", "000", "0005", "000ahell"] {
            let read = Lines::new(short.as_bytes()).read();
            assert_eq!(read, Err(PktLineError::Truncated), "{short}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20)) {
            let mut out = Vec::new();
            for line in &lines {
                encode(line, &mut out).unwrap();
            }
            encode_flush(&mut out);
            let mut reader = Lines::new(&out);
            for line in &lines {
                prop_assert_eq!(reader.read().unwrap(), Some(Line::Data(line)));
            }
            prop_assert_eq!(reader.read().unwrap(), Some(Line::Flush));
            prop_assert_eq!(reader.read().unwrap(), None);
        }

        #[test]
        fn no_input_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Lines::new(&bytes);
            while let Ok(Some(_)) = reader.read() {}
        }
    }
}
