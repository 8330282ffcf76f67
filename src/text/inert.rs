//! `inert`: text for a pull request in which nothing is live: no mention, no closing keyword, no
//! image, no HTML and no command to a bot.

use sendoff_push::sanitize::is_invisible;

/// Cannot be seen, and keeps a forge from reading what stands around it as one. A zero-width non-joiner, not a zero-width
/// space: `sendoff_push::sanitize` leaves it in, because scripts are written with it.
const BREAK: char = '\u{200c}';

/// Keywords by which forges close an issue when the pull request is merged, or open it again.
const CLOSING: [&str; 20] = [
    "close",
    "closes",
    "closed",
    "closing",
    "fix",
    "fixes",
    "fixed",
    "fixing",
    "resolve",
    "resolves",
    "resolved",
    "resolving",
    "implement",
    "implements",
    "implemented",
    "implementing",
    "reopen",
    "reopens",
    "reopened",
    "reopening",
];

/// Words that may stand between a closing keyword and the issues.
const BETWEEN: [&str; 6] = ["and", "issue", "issues", "pr", "gh", "bug"];

/// Returns `text` with a character that cannot be seen in whatever a forge would act on: mentions,
/// references behind closing keywords, images, HTML and comments, entities, and commands at the
/// beginning of a line. What stays is read by people as it was written.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    // The last word, and whether references that follow would be closed.
    let (mut last, mut closing) = ("", false);
    // Whether the text of a link follows the keyword: its words are not read, and its address may be an issue's.
    let mut is_link = false;
    let mut line_is_blank = true;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = word_length(rest);
        if length > 0 {
            let (word, tail) = rest.split_at(length);
            let is_between = is_link || is_one_of(word, &BETWEEN) || is_reference(word, tail);
            closing = is_one_of(word, &CLOSING) || (closing && is_between);
            out.push_str(word);
            before = word.chars().next_back();
            (last, line_is_blank, rest) = (word, false, tail);
            continue;
        }
        let tail = rest.get(character.len_utf8()..).unwrap_or_default();
        // Somebody may take out what does not show.
        let next = tail
            .chars()
            .find(|next| *next == BREAK || !is_invisible(*next));
        let next_is_digit = next.is_some_and(|next| next.is_ascii_digit());
        let next_is_letter = next.is_some_and(|next| next.is_ascii_alphabetic());
        let breaks = match character {
            // Behind `_` one is live as soon as both are read as emphasis. A name may follow in the next text.
            '@' => !before.is_some_and(|c| c.is_ascii_alphanumeric()) && next.is_none_or(is_word),
            '#' => closing && next_is_digit,
            '!' => next == Some('[') || (closing && next_is_digit),
            '-' => closing && next_is_digit && last.eq_ignore_ascii_case("gh"),
            '<' => next_is_letter || next.is_some_and(|next| "!/?".contains(next)),
            '&' => next_is_letter || next == Some('#'),
            '/' => {
                (line_is_blank && next_is_letter)
                    || (closing && before == Some(':') && next == Some('/'))
            }
            _ => false,
        };
        out.push(character);
        if breaks {
            out.push(BREAK);
        }
        match character {
            '[' => is_link = closing,
            ']' => is_link = false,
            _ => {}
        }
        let is_blank = character.is_whitespace() || character == '>' || is_invisible(character);
        line_is_blank = is_line_end(character) || (line_is_blank && is_blank);
        before = Some(character);
        rest = tail;
    }
    out
}

/// Says whether some reader begins a line behind the character.
const fn is_line_end(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Compares without the signs of emphasis around a word.
fn is_one_of(word: &str, words: &[&str]) -> bool {
    let word = word.trim_matches('_');
    words.iter().any(|one| word.eq_ignore_ascii_case(one))
}

/// Letters as forges' patterns have them: behind any other, `é` too, a mention and a keyword count.
const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn word_length(text: &str) -> usize {
    let end = text.find(|character: char| !is_word(character));
    end.unwrap_or(text.len())
}

/// Says whether a word after a closing keyword belongs to the name of an issue: a number, the parts of
/// `owner/name#1` and of an address.
fn is_reference(word: &str, tail: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
        || tail.starts_with("://")
        || tail.starts_with(['/', '.', '-', '#', '!'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows each break as a bar.
    fn shown(text: &str) -> String {
        inert(text).replace(BREAK, "|")
    }

    #[test]
    fn what_a_forge_acts_on_is_broken() {
        for (text, expected) in [
            ("cc @org/team, @me", "cc @|org/team, @|me"),
            ("(@me) and .@me", "(@|me) and .@|me"),
            ("für@org, éfixes #1", "für@org, éfixes #|1"),
            ("é@org 中@me", "é@|org 中@|me"),
            ("fixes #1, #2 and #3", "fixes #|1, #|2 and #|3"),
            ("Closes: #1", "Closes: #|1"),
            ("fixes other/repo#2", "fixes other/repo#|2"),
            ("fixes my-org/my.repo#2", "fixes my-org/my.repo#|2"),
            ("resolved GH-12", "resolved GH-|12"),
            ("closes **#1**", "closes **#|1**"),
            ("closes\n#1", "closes\n#|1"),
            ("closes issue #1", "closes issue #|1"),
            (
                "closes https://github.com/o/r/issues/2",
                "closes https:/|/github.com/o/r/issues/2",
            ),
            ("implements !3", "implements !|3"),
            ("![x](http://h/t.png)", "!|[x](http://h/t.png)"),
            (
                "<img src=x> </b> <!-- a --> <?x",
                "<|img src=x> <|/b> <|!-- a --> <|?x",
            ),
            ("&#64;me &commat;me", "&|#64;me &|commat;me"),
            ("a\n/merge\n  /close\n> /x", "a\n/|merge\n  /|close\n> /|x"),
            ("/approve", "/|approve"),
            ("_@me_ *@me* a_@me_", "_@|me_ *@|me* a_@|me_"),
            (
                "_fixes_ #1 __closes__ _issue_ #2",
                "_fixes_ #|1 __closes__ _issue_ #|2",
            ),
            ("cc @", "cc @|"),
            ("@\u{200b}me", "@|\u{200b}me"),
            ("fixes #\u{2060}1", "fixes #|\u{2060}1"),
            (
                "fixes [the issue](https://github.com/o/r/issues/2)",
                "fixes [the issue](https:/|/github.com/o/r/issues/2)",
            ),
            ("fixes [o/r][1] #3", "fixes [o/r][1] #|3"),
            ("Reopens #1", "Reopens #|1"),
            ("a\r/merge", "a\r/|merge"),
            ("a\u{2028}/merge", "a\u{2028}/|merge"),
            ("\u{feff}/merge", "\u{feff}/|merge"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_is_only_read_stays() {
        for text in [
            "",
            "Fix the login (#12)",
            "see #12 and o/r#3",
            "mail me@example.org",
            "a < b && c > d, 5 & 6, a/b, and/or",
            "fix it; then see #5",
            "src/main.rs: wow! [link](https://example.org/x)",
            "`x` -> y",
            "fix [the docs] of x, and see #5",
            "a/b\rc",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_is_inert_stays_inert() {
        let text = inert("fixes o/r#1 @me ![x](y) <b> &#64; \n/x");
        assert_eq!(inert(&text), text);
    }
}
