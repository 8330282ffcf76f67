//! What Python 3.11 calls a space, a word character and a line end.

use std::sync::LazyLock;

use regex::Regex;

/// Returns `text` without the spaces at its ends, as Python's `str.strip()` does.
///
/// Takes the separators U+001C to U+001F too; leaves U+200B, U+FEFF and NUL.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Returns bytes as Python reads a text file: U+FFFD for each maximal part that is no UTF-8, and
/// line feeds for CRLF and CR. A byte order mark stays.
pub fn read_as_text_file(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains('\r') {
        return text.into_owned();
    }
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Says whether `str.isspace()` holds for a character.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// Says whether `\w` matches a character: a letter, a number or `_`, but no mark and no joiner.
pub(super) fn is_word(character: char) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}]$").ok());
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    // `is_alphanumeric` takes some marks and symbols besides, and nothing less.
    character.is_alphanumeric()
        && WORD
            .as_ref()
            .is_some_and(|word| word.is_match(character.encode_utf8(&mut [0; 4])))
}

/// Folds a character as Python's `IGNORECASE` does when the pattern is ASCII.
pub(super) const fn fold(character: char) -> char {
    match character {
        '\u{130}' | '\u{131}' => 'i',
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strip_takes_what_python_takes() {
        assert_eq!(
            strip("\u{1c}\u{1f}\u{a0}\u{3000}\r\n a \u{85}\u{2028}"),
            "a"
        );
        assert_eq!(strip("\u{200b}a\u{feff}"), "\u{200b}a\u{feff}");
        assert_eq!(strip("\0a\u{180e}"), "\0a\u{180e}");
    }

    #[test]
    fn a_text_file_has_line_feeds_only() {
        assert_eq!(read_as_text_file(b"a\r\nb\rc\n\r\nd"), "a\nb\nc\n\nd");
        assert_eq!(
            read_as_text_file(b"\xef\xbb\xbfa\xf0\x9f\xffb"),
            "\u{feff}a\u{fffd}\u{fffd}b"
        );
    }

    #[test]
    fn word_characters_are_letters_numbers_and_the_underscore() {
        for word in ['a', 'Z', '0', '_', 'é', '²', '①', 'Ⅷ', '一', 'ß', '٣'] {
            assert!(is_word(word), "{word:?}");
        }
        for other in [
            '-',
            ' ',
            '\u{301}',
            '\u{200d}',
            '\u{203f}',
            'Ⓐ',
            '\u{93f}',
            '\u{1f600}',
        ] {
            assert!(!is_word(other), "{other:?}");
        }
    }
}
