//! Secrets by their place among the arguments of programs that are known, in SQL and in a pipe.

use super::judge::{is_mixed, is_placeholder};
use super::marks::{is_redacted, skip_blanks};
use super::runs::{Class, Runs, Span};

/// So much of a command line is looked at, on either side.
const COMMAND: usize = 240;
/// The least length of a secret among arguments.
const LEAST: usize = 3;
/// The least length of one that only its letters and digits tell from a word.
const LEAST_MIXED: usize = 6;

/// Where a program's secret is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// After this option, as its own word or in the same one.
    Option(&'static str),
    /// In the same word as this option only.
    Glued(&'static str),
    /// The first word that is no option.
    First,
    /// The last word, where an option has the letter `b`.
    Last,
}

/// How the names of programs begin that are searched by their ends, which are rarer in texts.
const BEGUN: &[&[u8]] = &[b"redis", b"valkey", b"keydb", b"ansible"];
/// Returns the secret of the program whose name stands at `start..after`.
pub(super) fn of_program(
    text: &[u8],
    (start, after): Span,
    place: Place,
    runs: &mut Runs<'_>,
) -> Option<Span> {
    let head = text.get(start.saturating_sub(10)..start)?;
    let before = head.last();
    let is_begun = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    let is_rest = text.get(start) == Some(&b'-');
    if is_begun != is_rest || (is_rest && !BEGUN.iter().any(|name| head.ends_with(name))) {
        return None;
    }
    // `mysqldump`, `ldapsearch`.
    let name = runs.end(Class::Word, after).min(after + COMMAND);
    let mut words = Words::new(text, name);
    match place {
        Place::Option(option) => after_option(&mut words, option, true),
        Place::Glued(option) => after_option(&mut words, option, false),
        Place::First => words.find(|span| !is_option(text, *span)),
        Place::Last => {
            let all: Vec<Span> = words.collect();
            let is_batch = all.iter().any(|span| {
                is_option(text, *span)
                    && text
                        .get(span.0..span.1)
                        .is_some_and(|word| word.contains(&b'b'))
            });
            let plain = all.iter().filter(|span| !is_option(text, **span)).count();
            all.last().copied().filter(|_| is_batch && plain >= 2)
        }
    }
    .filter(|span| is_argument(text, *span))
}

/// Returns the secret of a command that ends in ` login ` at `start..after`: Vault's token, or what others take after `-p`.
pub(super) fn login(text: &[u8], (start, after): Span) -> Option<Span> {
    let mut words = Words::new(text, after);
    if !text.get(start..after)?.starts_with(b"vault") {
        return after_option(&mut words, "-p", true).filter(|span| is_argument(text, *span));
    }
    let (begin, end) = words.next().filter(|span| !is_option(text, *span))?;
    let is_token = end >= begin + LEAST_MIXED && is_mixed(text.get(begin..end)?);
    (is_token && is_argument(text, (begin, end))).then_some((begin, end))
}

/// Returns what a `pass` at `start..after` is the name of: `-passin pass:X`, `-storepass X`, `--pass X`, `db.pass=X`, `PASS=X`.
pub(super) fn pass(text: &[u8], (start, after): Span) -> Option<Span> {
    let sign = text.get(after).filter(|byte| b":= ".contains(byte))?;
    let head = text.get(start.saturating_sub(12)..start)?;
    let is_word = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte);
    let prefix = head.rsplit(is_word).next().unwrap_or_default();
    match sign {
        b':' => {
            let options = [&b"-passin "[..], b"-passout ", b"-pass "];
            let is_openssl = options.iter().any(|option| head.ends_with(option));
            argument(text, after + 1).filter(|_| is_openssl)
        }
        b'=' => {
            let span = argument(text, after + 1)?;
            let value = text.get(span.0..span.1)?;
            let upper = |name: Option<&[u8]>| {
                name.is_some_and(|name| {
                    name.iter()
                        .all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
                })
            };
            let is_variable = upper(Some(prefix)) && upper(text.get(start..after));
            let is_property = head.ends_with(b".");
            let is_named = prefix.is_empty() || prefix.ends_with(b"_") || prefix.ends_with(b"-");
            let is_long = value.len() >= LEAST_MIXED && value.iter().any(u8::is_ascii_alphabetic);
            (is_long && (is_variable || is_property || (is_named && is_mixed(value))))
                .then_some(span)
        }
        b' ' if prefix.starts_with(b"-") => {
            let names = [
                &b"-"[..],
                b"--",
                b"-store",
                b"-key",
                b"-srcstore",
                b"-deststore",
            ];
            let is_flag = names.contains(&prefix) && prefix != b"-";
            argument(text, skip_blanks(text, after)).filter(|_| is_flag)
        }
        _ => None,
    }
}

/// Returns the password after `IDENTIFIED ... BY`, whose first word ends at `after`.
pub(super) fn identified(text: &[u8], after: usize) -> Option<Span> {
    let mut words = Words::new(text, after);
    words.by_ref().take(4).find(|(begin, end)| {
        text.get(*begin..*end)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"by"))
    })?;
    let (begin, end) = words.next()?;
    let is_quoted = matches!(text.get(begin.checked_sub(1)?)?, b'\'' | b'"');
    (is_quoted && is_argument(text, (begin, end))).then_some((begin, end))
}

/// Returns what a program at `start..after` is given to read: `<<< X`, or `echo X |` before it.
pub(super) fn given(text: &[u8], (start, after): Span) -> Option<Span> {
    let rest = text.get(after..text.len().min(after + COMMAND))?;
    let line = rest.split(|byte| *byte == b'\n').next()?;
    if let Some(at) = line.windows(3).position(|window| window == b"<<<") {
        let begin = skip_blanks(text, after + at + 3);
        return argument(text, begin).map(|span| after_colon(text, span));
    }
    let from = start.saturating_sub(COMMAND);
    let head = text.get(from..start)?;
    let line = head.rsplit(|byte| *byte == b'\n').next()?;
    let command = line.get(..line.iter().rposition(|byte| *byte == b'|')?)?;
    let base = start - line.len();
    let said = [&b"echo "[..], b"printf "].iter().find_map(|name| {
        let at = command
            .windows(name.len())
            .rposition(|window| window == *name)?;
        Some(base + at + name.len())
    })?;
    let is_format = |span: &Span| text.get(span.0) == Some(&b'%');
    let word = Words::new(text, said)
        .find(|span| !is_option(text, *span) && !is_format(span))
        .filter(|span| span.1 < start)?;
    is_argument(text, word).then(|| after_colon(text, word))
}

/// Returns the part after the colon of `user:password`.
fn after_colon(text: &[u8], (begin, end): Span) -> Span {
    let word = text.get(begin..end).unwrap_or_default();
    let colon = word.iter().position(|byte| *byte == b':');
    (colon.map_or(begin, |colon| begin + colon + 1), end)
}

/// Returns the value that a command sets: `config set KEYWORD VALUE`, and SQL's `PASSWORD 'VALUE'`.
pub(super) fn set(text: &[u8], (start, after): Span) -> Option<Span> {
    let value = skip_blanks(text, after);
    if value == after {
        return None;
    }
    let head = text.get(start.saturating_sub(COMMAND)..start)?;
    let blank = head.iter().rposition(u8::is_ascii_whitespace);
    let command = blank
        .and_then(|blank| head.get(..blank))
        .unwrap_or_default();
    let commands = [
        &b"configure set"[..],
        b"config set",
        b"npm set",
        b"config --global",
    ];
    if commands.iter().any(|set| command.ends_with(set)) {
        return argument(text, value);
    }
    let quote = text.get(value).filter(|byte| b"'\"".contains(byte))?;
    let span = argument(text, value)?;
    let word = text.get(span.0..span.1)?;
    if text.get(span.1) != Some(quote) || word.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let is_sql = text.get(start..after) == Some(b"PASSWORD");
    (is_sql || (word.len() >= 8 && is_mixed(word))).then_some(span)
}

/// Returns the word after an option, or with `apart` unset the rest of its own.
fn after_option(words: &mut Words<'_>, option: &str, apart: bool) -> Option<Span> {
    let text = words.text;
    while let Some((begin, end)) = words.next() {
        let word = text.get(begin..end)?;
        if word == option.as_bytes() {
            // `-p'X'` is one word.
            let is_quoted = matches!(text.get(end), Some(b'\'' | b'"'));
            return if apart || is_quoted {
                words.next()
            } else {
                None
            };
        }
        if word.starts_with(option.as_bytes()) {
            return Some((begin + option.len(), end));
        }
    }
    None
}

/// Returns the argument at `at`, without its quotes.
fn argument(text: &[u8], at: usize) -> Option<Span> {
    let next = Words::new(text, at).next()?;
    (next.0 <= at + 1 && is_argument(text, next)).then_some(next)
}

fn is_option(text: &[u8], (begin, _): Span) -> bool {
    text.get(begin) == Some(&b'-')
}

/// Says whether a word can be a secret: neither a variable, nor an option, nor what stands for one in a manual.
pub(super) fn is_argument(text: &[u8], (begin, end): Span) -> bool {
    let word = text.get(begin..end).unwrap_or_default();
    word.len() >= LEAST
        && !is_placeholder(word)
        && !b"-[.".contains(word.first().unwrap_or(&b'-'))
        && !word
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
        && !is_redacted(text, begin)
}

/// The words of one command, without their quotes.
struct Words<'text> {
    text: &'text [u8],
    at: usize,
    end: usize,
}

impl<'text> Words<'text> {
    fn new(text: &'text [u8], at: usize) -> Self {
        Self {
            text,
            at,
            end: text.len().min(at + COMMAND),
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        self.at = skip_blanks(self.text, self.at);
        let first = *self.text.get(self.at..self.end)?.first()?;
        let quote = matches!(first, b'\'' | b'"').then_some(first);
        let begin = self.at + usize::from(quote.is_some());
        let rest = self.text.get(begin..self.end)?;
        let length = rest.iter().position(|byte| match quote {
            Some(quote) => *byte == quote || *byte == b'\n',
            None => byte.is_ascii_whitespace() || b"|;&`<>()'\"".contains(byte),
        });
        let end = begin + length.unwrap_or(rest.len());
        self.at = end + usize::from(quote.is_some());
        // The punctuation of a sentence or a list.
        let word = self.text.get(begin..end)?.iter().rev();
        let marks = word.take_while(|byte| quote.is_none() && b",.:".contains(byte));
        let end = end - marks.count();
        // What ends a command is no word.
        (end > begin).then_some((begin, end))
    }
}
