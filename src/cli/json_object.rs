//! One JSON object at the beginning of a stream, as people and programs write it: after a byte order mark, and with the
//! stream left open after it.

use std::io;

use crate::text::BYTE_ORDER_MARK;

/// How much is read at once, in bytes. A document of this size is the rule; a larger buffer costs its pages in every run.
const CHUNK_SIZE: usize = 4 * 1024;

/// The beginning of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) bytes: Vec<u8>,
    /// Whether the time was over before the object, or the stream, had ended.
    pub(super) is_late: bool,
}

/// Reads up to the end of the object, or of the stream where none begins. At most one byte more than `limit`. `read` returns
/// `None` when its time is over.
pub(super) fn read(
    mut read: impl FnMut(&mut [u8]) -> io::Result<Option<usize>>,
    limit: u64,
) -> io::Result<Beginning> {
    let mut bytes = Vec::new();
    let mut is_late = false;
    let mut scan = Scan::default();
    let mut chunk = [0; CHUNK_SIZE];
    while bytes.len() as u64 <= limit {
        let new = match read(&mut chunk)? {
            Some(0) => break,
            Some(count) => chunk.get(..count).unwrap_or_default(),
            None => {
                is_late = true;
                break;
            }
        };
        match scan.end_in(new) {
            Some(end) => {
                bytes.extend_from_slice(new.get(..end).unwrap_or_default());
                break;
            }
            None => bytes.extend_from_slice(new),
        }
    }
    Ok(Beginning { bytes, is_late })
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
    /// No object begins here, or not in UTF-8: it is read to the end.
    Other,
}

/// Finds the end of an object that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Scan {
    state: State,
    depth: u32,
}

impl Scan {
    /// Says whether the object has begun.
    pub(super) const fn has_begun(&self) -> bool {
        matches!(self.state, State::Inside | State::Text | State::Escaped)
    }

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
                // UTF-16 and UTF-32 have a NUL beside each ASCII character.
                (State::Before, _) | (State::Inside, 0) => State::Other,
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
    use std::io::Read as _;

    use super::*;

    /// Gives one byte at a time; the other end stays open after them.
    fn open(mut bytes: &[u8]) -> Beginning {
        let next = |into: &mut [u8]| {
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            bytes = rest;
            into[0] = *first;
            Ok(Some(1))
        };
        read(next, 1000).unwrap()
    }

    fn closed(mut bytes: &[u8]) -> Vec<u8> {
        let read = read(|into| bytes.read(into).map(Some), 1000);
        read.unwrap().bytes
    }

    #[test]
    fn nothing_is_read_after_the_end_of_the_object() {
        let object = "{\"a\": [{\"b\": \"}\\\\\\\"]\"}], \"c\": \"\\\\\"}";
        for before in ["", " \n", "\u{feff}"] {
            let text = format!("{before}{object}");
            let read = open(text.as_bytes());
            assert_eq!(
                (read.bytes.as_slice(), read.is_late),
                (text.as_bytes(), false)
            );
        }
        let whole = b"[1, 2] and more".as_slice();
        assert_eq!(closed(whole), whole);
        assert_eq!(closed(b"{} trailing"), b"{}");
        for half in [b"{\"a\": 1".as_slice(), b""] {
            let read = open(half);
            assert_eq!((read.bytes.as_slice(), read.is_late), (half, true));
        }
    }
}
