//! Makes untrusted text safe to show on a terminal: control characters become visible.

use std::fmt::Write;

use sendoff_push::sanitize::is_deceptive;

/// Returns `text` with every control character escaped but line feeds and tabs.
///
/// ESC becomes `\x1b`, a right-to-left override `\u{202e}`. The rest stays as it is.
pub fn clean(text: &str) -> String {
    escape(text, |character| !matches!(character, '\n' | '\t'))
}

/// Returns `text` on one line: like [`clean`], but line feeds and tabs are escaped too.
pub fn clean_line(text: &str) -> String {
    escape(text, |_| true)
}

/// Returns `text` on one line without what [`clean_line`] would escape: line ends and tabs become
/// spaces, the rest goes.
///
/// For text that a model reads, where an escape would be noise.
pub fn strip_controls(text: &str) -> String {
    let shown = text.chars().filter_map(|character| match character {
        '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        _ => (!is_hidden(character)).then_some(character),
    });
    shown.collect()
}

/// Returns `text` with its lines, without what [`clean`] would escape: what a server keeps is shown by others, on terminals
/// too.
pub fn readable(text: &str) -> String {
    let shown = text.chars().filter_map(|character| match character {
        '\n' | '\t' => Some(character),
        '\u{2028}' | '\u{2029}' => Some('\n'),
        _ => (!is_hidden(character)).then_some(character),
    });
    shown.collect()
}

/// Says whether a terminal obeys the character, or a reader takes a text with it for another one.
fn is_hidden(character: char) -> bool {
    character.is_control() || is_deceptive(character)
}

fn escape(text: &str, refuses: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if !(is_hidden(character) && refuses(character)) {
            out.push(character);
            continue;
        }
        let code = u32::from(character);
        // Writing to a string cannot fail.
        let _written = match character {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ => write!(out, "\\u{{{code:x}}}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_text_has_lines_and_nothing_that_a_terminal_obeys() {
        let text =
            "one\r\n\ttwo \u{1b}[31mred\0\u{202e}\u{2028}m\u{e4}n \u{1f469}\u{200d}\u{1f4bb}";
        assert_eq!(
            readable(text),
            "one\n\ttwo [31mred\nm\u{e4}n \u{1f469}\u{200d}\u{1f4bb}"
        );
    }

    #[test]
    fn control_and_bidi_characters_become_visible() {
        assert_eq!(clean("a\x1b[31mb\x07"), "a\\x1b[31mb\\x07");
        assert_eq!(clean("x\u{202e}y\u{9b}z\u{7f}"), "x\\u{202e}y\\x9bz\\x7f");
        assert_eq!(clean("a\r\nb\tc"), "a\\r\nb\tc");
        assert_eq!(clean_line("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(
            clean_line("line\u{2028}separator"),
            "line\\u{2028}separator"
        );
    }

    #[test]
    fn what_hides_or_reorders_text_becomes_visible() {
        assert_eq!(clean_line("ma\u{ad}in\u{3164}"), "ma\\xadin\\u{3164}");
    }

    #[test]
    fn controls_can_be_taken_out() {
        assert_eq!(strip_controls("a\x1b[1m\r\nb\tc\u{202e}d"), "a[1m b cd");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        let text = "Grüße, 日本語 👩\u{200d}💻 \\x1b";
        assert_eq!(clean(text), text);
        assert_eq!(clean_line(text), text);
    }
}
