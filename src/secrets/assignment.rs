//! Secrets by their keyword: `password=`, `"token": "..."`, `--api-key ...`.

use super::redact::REDACTED;
use super::runs::{Class, Runs, Span};

/// How much a keyword says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// `password`, `token`: nearly always a secret.
    Strong,
    /// `key`: often something else.
    Weak,
}

/// The longest value between quotes.
const OPEN_VALUE: usize = 4096;
/// So much of a value is looked at: anchors may share one, and a scan must stay linear.
pub(super) const JUDGED: usize = 128;

/// Returns the value assigned to a keyword that stands at `start..after`.
pub(super) fn assignment(
    text: &[u8],
    (start, after): Span,
    strength: Strength,
    runs: &mut Runs<'_>,
) -> Option<Span> {
    let (value, form) = match separator(text, after) {
        Some(found) => found,
        None => flag(text, start, after)?,
    };
    if text.get(after) == Some(&b':') && word_before(text, start).0.ends_with(b"//") {
        // A user's name in a URL; `userinfo` knows where its password ends.
        return None;
    }
    let (begin, end) = match value.quote {
        Some(quote) => quoted(text, value.start, quote, value.escaped),
        None => (
            value.start,
            trim(text, value.start, runs.end(Class::Value, value.start)),
        ),
    };
    if is_redacted(text, begin) && end <= begin + REDACTED.len() {
        return None;
    }
    let ends_line = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    let judged = (begin, end.min(begin + JUDGED));
    let bytes = text.get(judged.0..judged.1)?;
    is_secret(
        &mut Content {
            bytes,
            judged,
            runs,
        },
        &form,
        value.quote.is_some(),
        ends_line,
        strength,
    )
    .then_some((begin, end))
}

/// How a value is tied to its keyword.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `key=value`, `--key value`.
    Tight,
    /// `key = value`.
    Equals,
    /// `key: value`.
    Colon,
}

/// Where a value begins.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) start: usize,
    quote: Option<u8>,
    escaped: bool,
}

/// Reads what may stand between a keyword and its value: `=`, `:`, `=>`, `:=`, `">`, and quotes.
pub(super) fn separator(text: &[u8], after: usize) -> Option<(Value, Form)> {
    let quote_end = skip_quote(text, after).map_or(after, |(at, ..)| at);
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
    (value > after
        && text.get(value) != Some(&b'-')
        && word_before(text, start).1.starts_with(b"--"))
    .then(|| (open(text, value), Form::Tight))
}

/// Splits the forty bytes before `at` where the word that ends there begins.
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

/// Skips a quote, which may itself be escaped, as in JSON within JSON.
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

/// Returns the content between quotes, at most to the end of the line.
fn quoted(text: &[u8], start: usize, quote: u8, escaped: bool) -> Span {
    let rest = text.get(start..).unwrap_or_default();
    let mut slash = false;
    let length = rest.iter().take(OPEN_VALUE).position(|byte| {
        let ends = *byte == b'\n' || (*byte == quote && !slash) || (escaped && *byte == b'\\');
        slash = *byte == b'\\' && !slash;
        ends
    });
    (
        start,
        start + length.unwrap_or_else(|| rest.len().min(OPEN_VALUE)),
    )
}

/// Takes the punctuation of a sentence or a list off the end of a bare value.
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

/// The beginning of a value. What stands in it is remembered from one keyword to the next: in a long
/// run each keyword would look at the same bytes again.
struct Content<'c, 'text> {
    bytes: &'c [u8],
    judged: Span,
    runs: &'c mut Runs<'text>,
}

impl Content<'_, '_> {
    fn leaves(&mut self, class: Class) -> bool {
        self.runs.leaves(class, self.judged)
    }

    /// Says whether it can be seen and is not made of both letters and digits, as a call is in code.
    fn is_code(&mut self) -> bool {
        let mixed = self.leaves(Class::NoDigit) && self.leaves(Class::NoLetter);
        !mixed && !self.leaves(Class::Graphic)
    }
}

fn is_secret(
    content: &mut Content<'_, '_>,
    form: &Form,
    in_quotes: bool,
    ends_line: bool,
    strength: Strength,
) -> bool {
    let value = content.bytes;
    let digit = content.leaves(Class::NoDigit);
    if forty(value) && (*form != Form::Colon || digit || in_quotes) {
        return true;
    }
    if strength == Strength::Weak && !digit {
        return false;
    }
    let letter = content.leaves(Class::NoName);
    let call = content.leaves(Class::NoCall);
    if is_placeholder(value) || (call && content.is_code()) {
        return false;
    }
    if strength == Strength::Weak {
        return value.len() >= 20 && letter && !call;
    }
    if in_quotes || *form == Form::Tight {
        return value.len() >= 6
            || (value.len() >= 4 && (letter || content.leaves(Class::NoSymbol)));
    }
    let odd = digit || content.leaves(Class::NoSymbol);
    (letter && odd && (value.len() >= 8 || (value.len() >= 6 && ends_line)))
        || (value.len() >= 16 && content.leaves(Class::NoUpper) && content.leaves(Class::NoLower))
}

/// Says whether a value begins with forty characters of base64. Where case is folded, four more
/// letters belong to its alphabet.
fn forty(value: &[u8]) -> bool {
    let mut rest = value;
    for _ in 0..40 {
        rest = match rest {
            [byte, tail @ ..] if byte.is_ascii_alphanumeric() || b"+/".contains(byte) => tail,
            // U+017F, U+0130, U+0131 and U+212A.
            [0xc5, 0xbf, tail @ ..]
            | [0xc4, 0xb0 | 0xb1, tail @ ..]
            | [0xe2, 0x84, 0xaa, tail @ ..] => tail,
            _ => return false,
        };
    }
    true
}

/// Says whether a value only stands for one.
fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: [&str; 20] = [
        "none",
        "null",
        "true",
        "false",
        "nil",
        "undefined",
        "required",
        "optional",
        "string",
        "str",
        "value",
        "token",
        "secret",
        "password",
        "missing",
        "empty",
        "hidden",
        "redacted",
        "changeme",
        "example",
    ];
    let code = [
        &b"self."[..],
        b"os.",
        b"env.",
        b"process.env",
        b"config.",
        b"args.",
    ];
    matches!(value.first(), Some(b'$' | b'<' | b'{' | b'%' | b'(') | None)
        || (value.len() <= 10
            && WORDS
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word.as_bytes())))
        || code.iter().any(|prefix| value.starts_with(prefix))
        || value.iter().all(|byte| Some(byte) == value.first())
}

pub(super) fn is_mixed(value: &[u8]) -> bool {
    let value = value.get(..JUDGED).unwrap_or(value);
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}

pub(super) fn is_redacted(text: &[u8], at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.starts_with(REDACTED.as_bytes()))
}

pub(super) fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// Skips white space as Python's `\s` has it: NBSP, U+001C to U+001F and line feeds included.
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
