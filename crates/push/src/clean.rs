//! Words from the other side, made fit to show.

use std::borrow::Cow;
use std::fmt;

/// How many letters of one line are kept.
const LINE_CAP: usize = 1000;
/// How many bytes of one line are looked at: more, so that a secret is seen whole where only its beginning would be kept.
pub(super) const LINE_READ: usize = LINE_CAP * 4;

/// Takes out of a text what nobody may see, such as secrets.
pub trait Hide: Sync {
    /// Returns the text without it.
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

impl fmt::Debug for dyn Hide + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hide")
    }
}

/// Hides nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsItIs;

impl Hide for AsItIs {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

/// Returns a line of hostile text without anything that a terminal or a reader could stumble over,
/// and without what `hide` takes out: a server may say back what it was given.
pub fn clean_line(text: &[u8], hide: &dyn Hide) -> String {
    let beginning = text.get(..LINE_READ).filter(|read| read.len() < text.len());
    let is_cut = beginning.is_some();
    let text = String::from_utf8_lossy(beginning.unwrap_or(text));
    let mut clean = String::new();
    let mut letters = text.chars().peekable();
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
    let hidden = hide.hide(clean.trim());
    let whole = if is_cut {
        whole_words(&hidden)
    } else {
        &hidden
    };
    whole.chars().take(LINE_CAP).collect()
}

/// Returns a text that was cut without what may be the beginning of a secret: nobody knows it for one.
fn whole_words(text: &str) -> &str {
    let words = text.rsplit_once(char::is_whitespace);
    words
        .map_or_else(
            || text.get(..text.floor_char_boundary(text.len() / 2)),
            |(words, _)| Some(words),
        )
        .unwrap_or_default()
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
        let clean = |text: &str| clean_line(text.as_bytes(), &AsItIs);
        assert_eq!(
            clean("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{202e}x\ty"),
            "red ]0;titlex y"
        );
        assert_eq!(clean_line(b"\xff\xfe", &AsItIs), "\u{fffd}\u{fffd}");
        assert_eq!(clean(&"x".repeat(5000)).len(), LINE_CAP);
    }

    /// Hides one word.
    struct Word;

    impl Hide for Word {
        fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
            text.replace("CANARY", "*").into()
        }
    }

    #[test]
    fn no_cut_leaves_the_beginning_of_a_secret() {
        for before in 0..40 {
            for filler in [980, 3980] {
                let text = format!("{} CANARY", "x ".repeat(filler / 2 + before));
                let clean = clean_line(text.as_bytes(), &Word);
                assert!(!clean.contains('C'), "{filler} {before}: {clean}");
            }
        }
        // What is hidden makes room for what comes behind it.
        let clean = clean_line("CANARY".repeat(2000).as_bytes(), &Word);
        assert!(!clean.contains('C'), "{clean}");
    }
}
