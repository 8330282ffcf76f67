//! One JSON object at the beginning of a stream, as people and programs write it: after a byte order mark,
//! with half of a surrogate pair in it, and with the stream left open after it.

use std::io::{self, Read};

use crate::text::BYTE_ORDER_MARK;

/// How much is read at once, in bytes. A document of this size is the rule; a larger buffer costs its pages in every run.
const CHUNK_SIZE: usize = 4 * 1024;

/// Reads up to the end of the object, or of the stream where none begins. At most one byte more than `limit`.
pub(super) fn read(mut stream: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut scan = Scan::default();
    let mut chunk = [0; CHUNK_SIZE];
    while bytes.len() as u64 <= limit {
        let count = match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let new = chunk.get(..count).unwrap_or_default();
        match scan.end_in(new) {
            Some(end) => {
                bytes.extend_from_slice(new.get(..end).unwrap_or_default());
                break;
            }
            None => bytes.extend_from_slice(new),
        }
    }
    Ok(bytes)
}

/// Where a scan stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Before the object: blanks and the byte order mark.
    #[default]
    Before,
    Inside,
    Text,
    Escaped,
    /// No object begins here.
    Other,
}

/// Finds the end of an object that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Scan {
    state: State,
    depth: u32,
}

impl Scan {
    /// Returns where in `bytes` the object ends; nothing while it does not.
    pub(super) fn end_in(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::Other, _) => return None,
                (State::Before, b'{') => {
                    self.depth = 1;
                    State::Inside
                }
                (State::Before, byte)
                    if byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte) =>
                {
                    State::Before
                }
                (State::Before, _) => State::Other,
                (State::Inside, b'{' | b'[') => {
                    self.depth += 1;
                    State::Inside
                }
                (State::Inside, b'}' | b']') => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                    State::Inside
                }
                (State::Inside | State::Escaped, b'"') if self.state == State::Inside => {
                    State::Text
                }
                (State::Text, b'\\') => State::Escaped,
                (State::Text, b'"') => State::Inside,
                (State::Escaped, _) => State::Text,
                (state, _) => state,
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, and fails when it is asked for more than there is.
    struct Open<'a>(&'a [u8]);

    impl Read for Open<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let (first, rest) = self.0.split_first().ok_or(io::ErrorKind::TimedOut)?;
            self.0 = rest;
            into[0] = *first;
            Ok(1)
        }
    }

    #[test]
    fn nothing_is_read_after_the_end_of_the_object() {
        let object = "{\"a\": [{\"b\": \"}\\\\\\\"]\"}], \"c\": \"\\\\\"}";
        for before in ["", " \n", "\u{feff}"] {
            let text = format!("{before}{object}");
            let read = read(Open(text.as_bytes()), 1000).unwrap();
            assert_eq!(read, text.as_bytes());
        }
        let whole = b"[1, 2] and more".as_slice();
        assert_eq!(read(whole, 1000).unwrap(), whole);
        assert_eq!(read(b"{} trailing".as_slice(), 1000).unwrap(), b"{}");
        assert!(read(Open(b"{\"a\": 1"), 1000).is_err());
    }
}
