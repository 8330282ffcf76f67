//! Words from the other side, made fit to show.

use std::borrow::Cow;

/// How many letters of one line are kept.
pub(super) const LINE_CAP: usize = 1000;

/// Takes out of a text what nobody may see.
pub type Hide = for<'t> fn(&'t str) -> Cow<'t, str>;

/// Hides nothing.
pub const fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Returns a line of hostile text without anything that a terminal or a reader could stumble over,
/// and without what `hide` takes out: a server may say back what it was given.
pub fn clean_line(text: &[u8], hide: Hide) -> String {
    let text = String::from_utf8_lossy(text);
    let mut clean = String::new();
    let mut letters = text.chars().take(LINE_CAP * 2).peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.next_if_eq(&'[').is_some() {
            // The parameters of a control sequence, up to the letter that ends it.
            while letters.next_if(|c| !('@'..='~').contains(c)).is_some() {}
            let _ = letters.next();
        } else if letter == '\t' || letter == '\n' || letter == '\r' {
            clean.push(' ');
        } else if !letter.is_control() && !is_hidden(letter) {
            clean.push(letter);
        }
    }
    let clean: String = hide(clean.trim()).chars().take(LINE_CAP).collect();
    clean
}

/// Says whether a letter changes how others are shown, or does not show.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned() {
        let clean = |text: &str| clean_line(text.as_bytes(), as_it_is);
        assert_eq!(
            clean("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{202e}x\ty"),
            "red ]0;titlex y"
        );
        assert_eq!(clean_line(b"\xff\xfe", as_it_is), "\u{fffd}\u{fffd}");
        assert_eq!(clean(&"x".repeat(5000)).len(), LINE_CAP);
    }
}
