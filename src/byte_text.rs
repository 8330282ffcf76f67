//! Text that may hold bytes which are no UTF-8, such as a password in an older encoding: git sends them as they are.
//!
//! Each such byte is kept as one of the last characters of a plane for private use. Where these characters are meant
//! themselves, their own bytes are kept so, and nothing is lost either way.

use percent_encoding::percent_decode_str;

/// The character for the byte 0x80; 0xff has the last one of all.
const FIRST: u32 = 0x10_FF80;

/// Reads bytes as text that [`to_bytes`] turns into the same bytes.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if byte_of(letter).is_some() {
                let mut own = [0; 4];
                text.extend(letter.encode_utf8(&mut own).bytes().filter_map(letter_of));
            } else {
                text.push(letter);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(letter_of));
    }
    text
}

/// Returns the bytes that [`from_bytes`] read.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match byte_of(letter) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// Replaces each `%xx` by its byte.
pub fn percent_decoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    from_bytes(&bytes)
}

/// Returns the text as it is shown: with U+FFFD for each byte that is no UTF-8.
pub fn shown(text: &str) -> String {
    let shown = |letter| byte_of(letter).map_or(letter, |_| char::REPLACEMENT_CHARACTER);
    text.chars().map(shown).collect()
}

fn byte_of(letter: char) -> Option<u8> {
    let above = u32::from(letter).checked_sub(FIRST)?;
    u8::try_from(above + 0x80).ok()
}

fn letter_of(byte: u8) -> Option<char> {
    char::from_u32(FIRST + u32::from(byte).checked_sub(0x80)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let own = "\u{10ff7f}\u{10ff80}\u{10ffff}".as_bytes();
        for bytes in [&all, own, b"p\xff\xe9w", b"", "p\u{e9}".as_bytes()] {
            assert_eq!(to_bytes(&from_bytes(bytes)), bytes, "{bytes:?}");
        }
        assert_eq!(from_bytes("p\u{e9}w".as_bytes()), "p\u{e9}w");
        assert_ne!(from_bytes(b"\xff"), from_bytes("\u{10ffff}".as_bytes()));
        assert_eq!(shown(&from_bytes(b"p\xffw")), "p\u{fffd}w");
        assert_eq!(percent_decoded("%70%FFw%"), from_bytes(b"p\xffw%"));
    }
}
