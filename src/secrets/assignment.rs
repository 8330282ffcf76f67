//! Secrets that are assigned to a keyword: `password=`, `"token": "..."`, `--api-key ...`.

use super::arguments;
use super::commands::netrc;
use super::judge::{Content, Form, Strength, is_secret};
use super::marks::{REDACTED, is_redacted, skip_blanks};
use super::runs::{Class, Runs, Span};

/// The shortest hexadecimal value that directly follows its keyword, in bytes.
const MIN_HEX_LENGTH: usize = 32;
/// The longest quoted value, in bytes.
const MAX_QUOTED: usize = 4096;

/// Returns the value that is assigned to the keyword at `start..after`, if it is a secret.
pub(super) fn assignment(
    text: &[u8],
    (start, after): Span,
    strength: Strength,
    runs: &mut Runs<'_>,
) -> Option<Span> {
    let (value, form) = match separator(text, after) {
        Some(found) => found,
        None => match flag(text, start, after).or_else(|| hex(text, after, runs)) {
            Some(found) => found,
            None => {
                return netrc(text, (start, after), runs)
                    .or_else(|| arguments::set(text, (start, after)));
            }
        },
    };
    // A value on a command line is a secret of any length.
    let form = match form {
        Form::Tight if is_flag(text, start) => Form::Flag,
        form => form,
    };
    if text.get(after) == Some(&b':') && word_before(text, start).0.ends_with(b"//") {
        // A user name in a URL; `userinfo` finds the end of its password.
        return None;
    }
    let (begin, end) = match value.quote {
        Some(quote) => quoted(text, value.start, quote, value.escaped),
        None => (
            value.start,
            unquoted(text, value.start, (start, after), runs),
        ),
    };
    if is_redacted(text, begin) && end <= begin + REDACTED.len() {
        return None;
    }
    let ends_line = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    let mut content = Content::new(text, (begin, end), runs)?;
    is_secret(
        &mut content,
        &form,
        value.quote.is_some(),
        ends_line,
        strength,
    )
    .then_some((begin, end))
}

/// The beginning of a value.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) start: usize,
    quote: Option<u8>,
    escaped: bool,
}

/// Reads what can separate a keyword from its value: `=`, `:`, `=>`, `:=`, `">`, and quotes.
pub(super) fn separator(text: &[u8], after: usize) -> Option<(Value, Form)> {
    let quote_end = skip_quote(text, after).map_or(after, |(at, ..)| at);
    // `<add key="ApiKey" value="..."/>`
    let attribute = skip_space(text, quote_end);
    let quote_end = match text.get(attribute..) {
        Some(rest) if quote_end > after && rest.starts_with(b"value=") => attribute + 5,
        _ => quote_end,
    };
    let sign = skip_space(text, quote_end);
    let first = *text.get(sign)?;
    let width = match (first, text.get(sign + 1)) {
        (b'=', Some(b'>' | b'=')) | (b':', Some(b'=')) => 2,
        (b'=' | b':', _) => 1,
        // `<password>value</password>`
        (b'>', _) if sign == after => 1,
        _ => return None,
    };
    let value = skip_space(text, sign + width);
    let form = match first {
        b':' if width == 1 => Form::Colon,
        _ if sign == quote_end && value == sign + width => Form::Tight,
        _ => Form::Equals,
    };
    Some((open(text, value), form))
}

/// Reads `--token VALUE`.
fn flag(text: &[u8], start: usize, after: usize) -> Option<(Value, Form)> {
    let value = skip_blanks(text, after);
    (value > after && text.get(value) != Some(&b'-') && is_flag(text, start))
        .then(|| (open(text, value), Form::Tight))
}

fn is_flag(text: &[u8], start: usize) -> bool {
    word_before(text, start).1.starts_with(b"--")
}

/// Returns the end of a value without quotes. In a URL `&` begins the next parameter; a variable's value goes on.
fn unquoted(text: &[u8], value: usize, keyword: Span, runs: &mut Runs<'_>) -> usize {
    let mut end = runs.end(Class::Value, value);
    while text.get(end) == Some(&b'&') && is_variable(text, keyword) {
        end = runs.end(Class::Value, end + 1);
    }
    trim(text, value, end)
}

/// Says whether the word with the keyword is the name of a variable that a value follows: `API_KEY=`, as in a shell or a file of
/// settings.
fn is_variable(text: &[u8], (start, after): Span) -> bool {
    let (before, prefix) = word_before(text, start);
    let keyword = text.get(start..after).unwrap_or_default();
    let mut name = prefix.iter().chain(keyword);
    text.get(after) == Some(&b'=')
        && name.all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && before
            .last()
            .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`'))
}

/// Reads `token 0123456789abcdef...`, which is always a secret.
fn hex(text: &[u8], after: usize, runs: &mut Runs<'_>) -> Option<(Value, Form)> {
    let value = skip_blanks(text, after);
    let end = runs.end(Class::Hex, value);
    (value > after && end >= value + MIN_HEX_LENGTH && end == runs.end(Class::Word, value))
        .then(|| (open(text, value), Form::Tight))
}

/// Splits the forty bytes before `at` at the beginning of the word that ends there.
fn word_before(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let head = text.get(at.saturating_sub(40)..at).unwrap_or_default();
    let word = head
        .iter()
        .rev()
        .take_while(|byte| Class::Word.holds(**byte))
        .count();
    head.split_at(head.len() - word)
}

fn open(text: &[u8], at: usize) -> Value {
    match skip_quote(text, at) {
        Some((start, quote, escaped)) => Value {
            start,
            quote: Some(quote),
            escaped,
        },
        None => Value {
            start: at,
            quote: None,
            escaped: false,
        },
    }
}

/// Skips a quote, which can itself be escaped, as in JSON within JSON.
fn skip_quote(text: &[u8], at: usize) -> Option<(usize, u8, bool)> {
    let rest = text.get(at..)?;
    let slashes = rest
        .iter()
        .take(8)
        .take_while(|byte| **byte == b'\\')
        .count();
    let quote = *rest.get(slashes)?;
    matches!(quote, b'"' | b'\'' | b'`').then_some((at + slashes + 1, quote, slashes > 0))
}

/// Returns the span between quotes, which ends at the end of the line at the latest.
fn quoted(text: &[u8], start: usize, quote: u8, escaped: bool) -> Span {
    let rest = text.get(start..).unwrap_or_default();
    let mut slash = false;
    let length = rest.iter().take(MAX_QUOTED).position(|byte| {
        let ends = *byte == b'\n' || (*byte == quote && !slash) || (escaped && *byte == b'\\');
        slash = *byte == b'\\' && !slash;
        ends
    });
    (
        start,
        start + length.unwrap_or_else(|| rest.len().min(MAX_QUOTED)),
    )
}

/// Trims the punctuation of a sentence or a list from the end of an unquoted value.
fn trim(text: &[u8], start: usize, end: usize) -> usize {
    let value = text.get(start..end).unwrap_or_default();
    let closers = value
        .iter()
        .rev()
        .take(8)
        .take_while(|byte| matches!(byte, b'.' | b')' | b']' | b'}' | b'>' | b':' | b'\\'))
        .count();
    end - closers
}

/// Skips white space as Python's `\s` matches it, with NBSP, U+001C to U+001F and line feeds.
fn skip_space(text: &[u8], mut at: usize) -> usize {
    loop {
        at = match text.get(at..).unwrap_or_default() {
            [b'\t'..=b'\r' | 0x1c..=0x1f | b' ', ..] => at + 1,
            [0xc2, 0x85 | 0xa0, ..] => at + 2,
            [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
            | [0xe2, 0x81, 0x9f, ..]
            | [0xe3, 0x80, 0x80, ..]
            | [0xe1, 0x9a, 0x80, ..] => at + 3,
            _ => return at,
        };
    }
}
