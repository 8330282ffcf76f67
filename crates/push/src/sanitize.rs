//! Text of a remote, made fit to show on a terminal: no control characters, nothing invisible, no secrets.

use std::borrow::Cow;
use std::fmt;

/// How many letters of one line are kept.
const LINE_CAP: usize = 1000;
/// How many bytes of one line are looked at: more, so that a secret is seen whole where only its beginning would be kept.
pub(super) const LINE_READ: usize = LINE_CAP * 4;

/// Removes secrets from text.
pub trait Redact: Sync {
    /// Returns the text without secrets.
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

impl fmt::Debug for dyn Redact + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redact")
    }
}

/// Removes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRedaction;

impl Redact for NoRedaction {
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

/// Returns a line of untrusted text without control sequences and [deceptive](is_deceptive) characters, at most 1000
/// characters long, and without secrets, which `redact` removes: a server can echo what it was given.
pub fn sanitize_line(text: &[u8], redact: &dyn Redact) -> String {
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
        } else if !letter.is_control() && !is_deceptive(letter) {
            clean.push(letter);
        }
    }
    let hidden = redact.redact(clean.trim());
    let whole = if is_cut {
        whole_words(&hidden)
    } else {
        &hidden
    };
    whole.chars().take(LINE_CAP).collect()
}

/// Returns a text that was cut without its last word: it can be the beginning of a secret, which no longer matches.
fn whole_words(text: &str) -> &str {
    let words = text.rsplit_once(char::is_whitespace);
    words
        .map_or_else(
            || text.get(..text.floor_char_boundary(text.len() / 2)),
            |(words, _)| Some(words),
        )
        .unwrap_or_default()
}

/// Says whether a character does not show, or changes how others are shown: Unicode gives it the property
/// `Default_Ignorable_Code_Point`, or it is a format character (Cf) or a separator of lines (Zl, Zp).
///
/// From `DerivedCoreProperties.txt` and `UnicodeData.txt`, Unicode 16. Control characters (Cc) have
/// [`char::is_control`].
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Says whether a reader can take a text with the character for another one: it is [invisible](is_invisible), and none of
/// those that scripts and emoji are written with, such as the joiners and the variation selectors.
pub const fn is_deceptive(c: char) -> bool {
    let shapes = matches!(c,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}');
    is_invisible(c) && !shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned() {
        let clean = |text: &str| sanitize_line(text.as_bytes(), &NoRedaction);
        assert_eq!(
            clean("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{202e}x\ty"),
            "red ]0;titlex y"
        );
        assert_eq!(sanitize_line(b"\xff\xfe", &NoRedaction), "\u{fffd}\u{fffd}");
        assert_eq!(clean(&"x".repeat(5000)).len(), LINE_CAP);
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out_and_what_scripts_need_is_left() {
        for hidden in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{200b}',
            '\u{2029}',
            '\u{202e}',
            '\u{2066}',
            '\u{3164}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(is_invisible(hidden) && is_deceptive(hidden), "{hidden:?}");
            let text = format!("a{hidden}b");
            assert_eq!(sanitize_line(text.as_bytes(), &NoRedaction), "ab");
        }
        let text = "👩\u{200d}💻 ❤\u{fe0f} \u{600}";
        assert_eq!(sanitize_line(text.as_bytes(), &NoRedaction), text);
        assert!(text.chars().any(is_invisible));
    }

    /// Hides one word.
    struct Word;

    impl Redact for Word {
        fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
            text.replace("CANARY", "*").into()
        }
    }

    #[test]
    fn no_cut_leaves_the_beginning_of_a_secret() {
        for before in 0..40 {
            for filler in [980, 3980] {
                let text = format!("{} CANARY", "x ".repeat(filler / 2 + before));
                let clean = sanitize_line(text.as_bytes(), &Word);
                assert!(!clean.contains('C'), "{filler} {before}: {clean}");
            }
        }
        // What is hidden makes room for what comes behind it.
        let clean = sanitize_line("CANARY".repeat(2000).as_bytes(), &Word);
        assert!(!clean.contains('C'), "{clean}");
    }
}
