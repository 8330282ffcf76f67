//! What a variable says: its value without what the file that it was read from, or the page that it was copied from, left
//! around it.

/// Variables of ours whose quotation marks can be meant: commands of a shell, and secrets that somebody made up.
const QUOTED_ON_PURPOSE: &[&str] = &[
    "VISUAL",
    "EDITOR",
    "GITHUB_WEBHOOK_SECRET",
    "GITLAB_WEBHOOK_SECRET",
    "GITEA_WEBHOOK_SECRET",
];

/// Returns a value without the blanks around it, those that are no ASCII or have no width and the byte order mark included.
pub(super) fn trimmed(value: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(value).map(|text| text.trim_matches(is_blank).as_bytes());
    text.unwrap_or_else(|_| value.trim_ascii())
}

/// Returns the value of a variable of ours without the quotation marks around it, which a shell takes away and a file of
/// variables for containers does not.
pub(super) fn unquoted<'a>(name: &str, value: &'a [u8]) -> &'a [u8] {
    let (Some(mark @ (b'"' | b'\'')), Some(last)) = (value.first(), value.last()) else {
        return value;
    };
    let inner = value.get(1..value.len().saturating_sub(1));
    match inner {
        Some(inner)
            if last == mark && !inner.contains(mark) && !QUOTED_ON_PURPOSE.contains(&name) =>
        {
            inner
        }
        _ => value,
    }
}

/// Says whether a text has what no token has: a blank, a quotation mark, a character beyond ASCII.
pub(super) fn is_no_token(text: &str) -> bool {
    let is_odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`');
    text.chars().any(is_odd)
}

fn is_blank(c: char) -> bool {
    let has_no_width = matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    );
    c.is_whitespace() || has_no_width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_are_taken_away_in_pairs_where_nobody_means_them() {
        let of = |name: &str, value: &str| {
            String::from_utf8(unquoted(name, value.as_bytes()).to_vec()).unwrap()
        };
        assert_eq!(of("GH_TOKEN", "\"t\""), "t");
        assert_eq!(of("GH_TOKEN", "' t '"), " t ");
        assert_eq!(of("GH_TOKEN", "\"t"), "\"t");
        assert_eq!(of("GH_TOKEN", "\""), "\"");
        assert_eq!(of("GH_TOKEN", "\"a\" \"b\""), "\"a\" \"b\"");
        assert_eq!(of("EDITOR", "\"my editor\""), "\"my editor\"");
        assert_eq!(of("GITHUB_WEBHOOK_SECRET", "\"s\""), "\"s\"");
    }

    #[test]
    fn a_value_that_is_no_text_is_trimmed_as_bytes() {
        assert_eq!(trimmed(b" /a\xff \n"), b"/a\xff");
        assert_eq!(trimmed("\u{a0}\u{200b}a\u{2028}\u{feff}".as_bytes()), b"a");
        assert_eq!(trimmed("a\u{a0}b".as_bytes()), "a\u{a0}b".as_bytes());
    }
}
