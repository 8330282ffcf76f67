//! JSON as programs write it: after a byte order mark, in UTF-16 or UTF-32, with bytes that are not UTF-8, with half of
//! a surrogate pair in it, with line ends in texts, with `NaN`.

use std::borrow::Cow;
use std::fmt::Write as _;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// What some programs put before UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Returns the text as JSON's readers want it: without a byte order mark, as UTF-8, U+FFFD for each half of a surrogate
/// pair that stands alone, control characters in texts escaped, and `null` for what Python writes for numbers that are none.
pub fn repaired_json(bytes: &[u8]) -> String {
    let text = decoded(bytes);
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut in_text = false;
    while let Some(first) = rest.chars().next() {
        let (taken, written) = match first {
            '"' => {
                in_text = !in_text;
                (1, Some("\""))
            }
            '\\' if in_text => escape(rest),
            control if in_text && control < ' ' => {
                let code = u32::from(control);
                // Writing to a text does not fail.
                let _done = write!(repaired, "\\u{code:04x}");
                (1, None)
            }
            _ if in_text => plain(rest, |c| c == '"' || c == '\\' || c < ' '),
            _ => match NO_NUMBERS.iter().find(|word| rest.starts_with(**word)) {
                Some(word) => (word.len(), Some("null")),
                None => plain(rest, |c| "\"NI-".contains(c)),
            },
        };
        repaired.push_str(written.unwrap_or_default());
        rest = rest.get(taken..).unwrap_or_default();
    }
    repaired
}

/// Decodes the text. JSON begins with an ASCII character, so its first bytes tell the encoding also without a mark (RFC 4627, 3).
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [1..=0xFF, 0, 0, 0, ..] => {
            return from_utf_32(bytes, u32::from_le_bytes);
        }
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=0xFF, ..] => {
            return from_utf_32(bytes, u32::from_be_bytes);
        }
        [1..=0xFF, 0, 1..=0xFF, ..] => Some(UTF_16LE),
        [0, 1..=0xFF, 0, ..] => Some(UTF_16BE),
        _ => None,
    };
    match (wide, Encoding::for_bom(bytes)) {
        (Some(wide), _) => wide.decode_without_bom_handling(bytes).0,
        (None, Some((encoding, mark))) => {
            let rest = bytes.get(mark..).unwrap_or_default();
            encoding.decode_without_bom_handling(rest).0
        }
        (None, None) => String::from_utf8_lossy(bytes),
    }
}

fn from_utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'_, str> {
    let (units, _) = bytes.as_chunks::<4>();
    let character = |four: &[u8; 4]| char::from_u32(unit(*four));
    let characters = units.iter().map(character);
    Cow::Owned(
        characters
            .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// What stands for a number that is none, outside of texts.
const NO_NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Returns the length of an escape, and what it is written as.
fn escape(text: &str) -> (usize, Option<&str>) {
    match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, text.get(..12)),
        (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd")),
        (Some(_), _) => (6, text.get(..6)),
        (None, _) => {
            let next = text.chars().nth(1).map_or(0, char::len_utf8);
            (1 + next, text.get(..=next))
        }
    }
}

/// Returns what is before the next character that may be another thing, the first one included.
fn plain(text: &str, is_end: impl Fn(char) -> bool) -> (usize, Option<&str>) {
    let mut rest = text.char_indices().skip(1);
    let end = rest
        .find(|(_, c)| is_end(*c))
        .map_or(text.len(), |(at, _)| at);
    (end, text.get(..end))
}

/// Returns what `\uXXXX` at the beginning stands for.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character() {
        for (text, wanted) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\udc00 \ud83d\ude00""#, r#""\ufffd \ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d \n é""#, r#""\\ud83d \n é""#),
            (r#""\u00e9\"#, r#""\u00e9\"#),
        ] {
            assert_eq!(repaired_json(text.as_bytes()), wanted);
        }
        for (text, wanted) in [
            ("{\"a\":\"b\tc\nd\"}\n", r#"{"a":"b\u0009c\u000ad"}"#),
            ("[NaN, -Infinity,Infinity, -1]", "[null, null,null, -1]"),
            (r#"{"NaN \" NaN": NaN}"#, r#"{"NaN \" NaN": null}"#),
        ] {
            assert_eq!(repaired_json(text.as_bytes()).trim_end(), wanted);
        }
        assert_eq!(repaired_json(b"\xEF\xBB\xBF{}"), "{}");
        assert_eq!(repaired_json("\u{feff}\u{feff}{}".as_bytes()), "{}");
        let wanted = "{\"a\": \"é😀\"}";
        for mark in ["\u{feff}", ""] {
            let text = format!("{mark}{wanted}");
            for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let written: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
                assert_eq!(repaired_json(&written), wanted);
            }
            for to_bytes in [u32::to_le_bytes, u32::to_be_bytes] {
                let written: Vec<u8> = text.chars().map(u32::from).flat_map(to_bytes).collect();
                assert_eq!(repaired_json(&written), wanted);
            }
        }
        assert_eq!(repaired_json(b"\"\xff\""), "\"\u{fffd}\"");
    }
}
