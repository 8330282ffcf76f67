//! White space, word characters and line ends as Python 3.11 defines them.

use unicode_normalization::char::is_combining_mark;

/// Trims white space as Python's `str.strip()` does.
///
/// Removes the separators U+001C to U+001F too; keeps U+200B, U+FEFF and NUL.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Decodes bytes as Python reads a text file: U+FFFD for each maximal sequence that is not UTF-8, and
/// a line feed for CRLF and CR. A byte order mark is kept.
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

/// Says whether Python's `\w` matches a character: a letter, a number or `_`, not a mark or a joiner.
pub(super) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    // `is_alphanumeric` is a superset: it also holds for some marks and for letters in circles and squares.
    character.is_alphanumeric() && !is_combining_mark(character) && !is_enclosed_letter(character)
}

/// Says whether a character is a symbol that Unicode counts as alphabetic: `So` with `Other_Alphabetic`.
const fn is_enclosed_letter(character: char) -> bool {
    matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}'
        | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}')
}

/// Folds case as Python's `IGNORECASE` does for an ASCII pattern.
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
    /// Guards the shortcut of `is_word` against the whole table, which needs regex and its Unicode data.
    #[test]
    fn word_characters_are_those_that_unicode_calls_letters_and_numbers() {
        let word = regex::Regex::new(r"^[\p{L}\p{N}_]$").unwrap();
        let unassigned = regex::Regex::new(r"^\p{Cn}$").unwrap();
        for character in (char::MIN..=char::MAX).filter(|character| !character.is_ascii()) {
            let text = character.to_string();
            // A newer Unicode than that of the table may have assigned it.
            if !unassigned.is_match(&text) {
                assert_eq!(is_word(character), word.is_match(&text), "{character:?}");
            }
        }
    }
}
