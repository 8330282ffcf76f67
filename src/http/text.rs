//! Text of a server, made fit to be shown.

use sendoff_push::sanitize::is_deceptive;

/// Returns `text` on one line: control characters and runs of white space become one space,
/// characters that reorder or hide text go, and what is longer than `limit` code points ends in `…`.
pub fn clean_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in text.chars().filter(|c| !is_deceptive(*c)) {
        if c.is_control() || c.is_whitespace() {
            gap = length > 0;
            continue;
        }
        if length + usize::from(gap) >= limit {
            line.pop();
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
            length += 1;
            gap = false;
        }
        line.push(c);
        length += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_reordering_characters_do_not_get_through() {
        assert_eq!(
            clean_line("\u{1b}[31mred\r\n\tand \u{202e}back\u{7}", 100),
            "[31mred and back"
        );
    }

    #[test]
    fn a_long_line_ends_in_an_ellipsis_within_the_limit() {
        assert_eq!(clean_line("abcdef", 6), "abcdef");
        assert_eq!(clean_line("abcdef", 5), "abcd…");
        assert_eq!(clean_line("ab cd", 4), "ab …");
    }

    proptest::proptest! {
        #[test]
        fn no_text_gets_past_the_limit_or_keeps_a_control_character(
            text in "\\PC*|.*", limit in 1_usize..300,
        ) {
            let line = clean_line(&text, limit);
            assert!(line.chars().count() <= limit);
            assert!(!line.chars().any(|c| c.is_control() || is_deceptive(c)));
        }
    }
}
