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

/// Returns what stands in the first `<title>` of a page.
pub(super) fn page_title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let length = lower.get(begin..)?.find("</title")?;
    page.get(begin..begin + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_page_is_found() {
        let page = "<!doctype html><HTML><Title lang=en>\n Access denied </TITLE><body>";
        assert_eq!(page_title(page), Some("\n Access denied "));
        for page in ["<html><title>cut off", "<title", "<h1>x</h1>", ""] {
            assert_eq!(page_title(page), None, "{page}");
        }
    }

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
