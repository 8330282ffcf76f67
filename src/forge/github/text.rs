//! Titles and bodies, cut to GitHub's limits.

use sendoff_push::sanitize::is_deceptive;
use unicode_segmentation::UnicodeSegmentation;

use crate::http::clean_line;

/// The most code points of a title.
const MAX_TITLE_LENGTH: usize = 256;

/// The most code points of a body.
pub(super) const MAX_BODY_LENGTH: usize = 65_536;

/// The most code points of a forge's message that are shown.
const MAX_LINE_LENGTH: usize = 200;

/// Returns a title that GitHub takes: one line, at most 256 code points.
pub(super) fn title(text: &str) -> String {
    // No limit here: a cut must fall at the edge of a grapheme.
    cut(&clean_line(text, usize::MAX), MAX_TITLE_LENGTH)
}

/// Returns a part of a body that GitHub takes: at most `limit` code points, no control characters but
/// those that lay out text, and nothing that hides or reorders it.
pub(super) fn body(text: &str, limit: usize) -> String {
    let clean: String = text
        .chars()
        .filter(|c| !(c.is_control() || is_deceptive(*c)) || matches!(c, '\n' | '\r' | '\t'))
        .collect();
    cut(&clean, limit)
}

/// Returns a text of the forge or the repository as one line that may be shown.
pub(super) fn line(text: &str) -> String {
    clean_line(text, MAX_LINE_LENGTH)
}

/// Cuts `text` to at most `limit` code points, `…` included, where a reader sees a whole character.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    let room = limit.saturating_sub(1);
    let mut kept = String::new();
    let mut length = 0;
    for grapheme in text.graphemes(true) {
        length += grapheme.chars().count();
        if length > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if kept.is_empty() {
        // No real character has hundreds of code points.
        kept = text.chars().take(room).collect();
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_at_the_edge_of_a_grapheme() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut(&format!("ab{family}c"), 7), "ab…");
        assert_eq!(title(&"x".repeat(300)).chars().count(), 256);
        assert_eq!(
            body(&"é".repeat(70_000), MAX_BODY_LENGTH).chars().count(),
            65_536
        );
    }

    #[test]
    fn a_title_is_one_clean_line_and_a_body_keeps_its_lines() {
        assert_eq!(title("a\u{1b}[1m\r\nb"), "a [1m b");
        assert_eq!(body("a\r\n\tb\0\u{1b}c", MAX_BODY_LENGTH), "a\r\n\tbc");
    }

    #[test]
    fn a_grapheme_longer_than_the_limit_is_cut_by_code_points() {
        let tower = format!("a{}", "\u{301}".repeat(300));
        assert_eq!(title(&tower).chars().count(), 256);
    }
}
