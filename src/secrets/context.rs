//! Secrets by what stands around them: PEM blocks, JSON web tokens, URLs, headers, assignments.

use super::base::decodes_to_pair;
use super::redact::REDACTED;
use super::runs::{Class, Runs};

/// Where a secret begins and ends, in bytes.
pub(super) type Span = (usize, usize);

/// How much a keyword says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// `password`, `token`: nearly always a secret.
    Strong,
    /// `key`: often something else.
    Weak,
}

/// A block without its end is cut here.
const OPEN_BLOCK: usize = 4096;
/// The longest block whose end is looked for.
const BLOCK: usize = 32 * 1024;
const BLOCK_END: &[u8] = b"-----END ";

/// Returns a private key block that begins at `start` with `-----BEGIN `.
pub(super) fn pem(text: &[u8], start: usize, after: usize) -> Option<Span> {
    let label = text.get(after..)?;
    let length = label
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ')
        .count();
    let name = label.get(..length)?;
    if !name.windows(11).any(|window| window == b"PRIVATE KEY") {
        return None;
    }
    let body = label.get(length..)?;
    let window = body.get(..BLOCK).unwrap_or(body);
    let closed = window
        .windows(BLOCK_END.len())
        .position(|window| window == BLOCK_END)
        .map(|at| after + length + at + BLOCK_END.len());
    let Some(end) = closed else {
        return Some((start, text.len().min(start + OPEN_BLOCK)));
    };
    let tail = text.get(end..)?;
    let label = tail
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ')
        .count();
    let dashes = tail
        .iter()
        .skip(label)
        .take(5)
        .take_while(|byte| **byte == b'-')
        .count();
    Some((start, end + label + dashes))
}

/// JSON web tokens. Many starts can lie in one run; it is judged once.
#[derive(Debug, Default)]
pub(super) struct WebTokens {
    judged: Option<(usize, Option<usize>)>,
}

impl WebTokens {
    /// Returns the token that begins at `start` with `eyJ`: two to five parts in base64url.
    pub(super) fn at(&mut self, text: &[u8], start: usize, runs: &mut Runs<'_>) -> Option<Span> {
        let header = runs.end(Class::Word, start);
        if header - start < 12 {
            return None;
        }
        let end = match self.judged {
            Some((judged, end)) if judged == header => end,
            _ => {
                let end = parts_end(text, header);
                self.judged = Some((header, end));
                end
            }
        };
        end.map(|end| (start, end))
    }
}

fn parts_end(text: &[u8], header: usize) -> Option<usize> {
    let word = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        at + rest
            .iter()
            .take_while(|byte| Class::Word.holds(**byte))
            .count()
    };
    let mut end = header;
    let mut dots = 0;
    while dots < 4 && text.get(end) == Some(&b'.') {
        let next = word(end + 1);
        // A full stop after the token is not ours; an empty part inside it is.
        if next == end + 1 && dots >= 1 && text.get(next) != Some(&b'.') {
            break;
        }
        end = next;
        dots += 1;
    }
    // An unsigned token may end with its second dot.
    (dots >= 1 && end - header > 8).then_some(end)
}

/// Returns the password, or a long user name, in a URL whose `://` ends at `after`.
pub(super) fn userinfo(text: &[u8], after: usize) -> Option<Span> {
    let rest = text.get(after..)?;
    let length = rest
        .iter()
        .take_while(|byte| {
            **byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>')
        })
        .count();
    let authority = rest.get(..length)?;
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let info = authority.get(..at)?;
    let colon = info.iter().position(|byte| *byte == b':');
    let user = colon.unwrap_or(info.len());
    let start = if user >= 20 { 0 } else { colon? + 1 };
    (start < at && info.get(start..) != Some(REDACTED.as_bytes()))
        .then_some((after + start, after + at))
}

/// Returns the credentials of an `Authorization` header whose name ends at `after`.
pub(super) fn authorization(text: &[u8], after: usize, runs: &mut Runs<'_>) -> Option<Span> {
    let (value, _) = separator(text, after)?;
    let word = runs.end(Class::Word, value.start);
    let scheme = text.get(value.start..word)?;
    let known = [
        "bearer",
        "basic",
        "token",
        "digest",
        "negotiate",
        "ntlm",
        "apikey",
        "hmac",
    ];
    let credentials = skip_blanks(text, word);
    if credentials > word
        && known
            .iter()
            .any(|name| scheme.eq_ignore_ascii_case(name.as_bytes()))
    {
        let rest = text.get(credentials..)?;
        let length = rest
            .iter()
            .take_while(|byte| !matches!(byte, b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\'))
            .count();
        let first = runs.end(Class::Value, credentials);
        // `Digest` has several parts; the others have one word, and prose may follow it.
        let end = if scheme.eq_ignore_ascii_case(b"digest") {
            credentials + length
        } else {
            first
        };
        let long = end >= credentials + 4;
        return (long && !is_redacted(text, credentials)).then_some((credentials, end));
    }
    let end = runs.end(Class::Value, value.start);
    let bare = text.get(value.start..end)?;
    (bare.len() >= 8 && is_mixed(bare) && !is_redacted(text, value.start))
        .then_some((value.start, end))
}

/// Returns what follows `Bearer` or `Basic`, whose name ends at `after`, when it is no word.
pub(super) fn scheme(text: &[u8], after: usize, name: &str, runs: &mut Runs<'_>) -> Option<Span> {
    let start = skip_blanks(text, after);
    if start == after {
        return None;
    }
    let end = runs.end(Class::Token68, start);
    let value = text.get(start..end)?;
    let cased =
        value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    let secret = if name == "basic" {
        value.len() >= 8 && decodes_to_pair(value)
    } else {
        (value.len() >= 8 && is_mixed(value)) || (value.len() >= 16 && cased)
    };
    secret.then_some((start, end))
}

/// Returns the value assigned to a keyword that stands at `start..after`.
pub(super) fn assignment(
    text: &[u8],
    (start, after): Span,
    strength: Strength,
    runs: &mut Runs<'_>,
) -> Option<Span> {
    let (before, word) = word_before(text, start);
    if before.ends_with(b"//") && text.get(after) == Some(&b':') {
        // A user's name in a URL; `userinfo` knows where its password ends.
        return None;
    }
    let (value, form) = separator(text, after).or_else(|| flag(text, word, after))?;
    let (begin, end) = match value.quote {
        Some(quote) => quoted(text, value.start, quote, value.escaped),
        None => (
            value.start,
            trim(text, value.start, runs.end(Class::Value, value.start)),
        ),
    };
    let content = text.get(begin..end)?;
    if is_redacted(text, begin) && end <= begin + REDACTED.len() {
        return None;
    }
    let ends_line = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    is_secret(content, &form, value.quote.is_some(), ends_line, strength).then_some((begin, end))
}

/// How a value is tied to its keyword.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// `key=value`, `--key value`.
    Tight,
    /// `key = value`.
    Equals,
    /// `key: value`.
    Colon,
}

/// Where a value begins.
#[derive(Debug)]
struct Value {
    start: usize,
    quote: Option<u8>,
    escaped: bool,
}

/// Reads what may stand between a keyword and its value: `=`, `:`, `=>`, `:=`, `">`, and quotes.
fn separator(text: &[u8], after: usize) -> Option<(Value, Form)> {
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
fn flag(text: &[u8], word: &[u8], after: usize) -> Option<(Value, Form)> {
    let value = skip_blanks(text, after);
    (word.starts_with(b"--") && value > after && text.get(value) != Some(&b'-'))
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
    let length = rest.iter().take(OPEN_BLOCK).position(|byte| {
        let ends = *byte == b'\n' || (*byte == quote && !slash) || (escaped && *byte == b'\\');
        slash = *byte == b'\\' && !slash;
        ends
    });
    (
        start,
        start + length.unwrap_or_else(|| rest.len().min(OPEN_BLOCK)),
    )
}

/// Takes the punctuation of a sentence or a list off the end of a bare value.
fn trim(text: &[u8], start: usize, end: usize) -> usize {
    let value = text.get(start..end).unwrap_or_default();
    let keep = value
        .iter()
        .rposition(|byte| !matches!(byte, b'.' | b')' | b']' | b'}' | b'>' | b':' | b'\\'))
        .map_or(0, |at| at + 1);
    start + keep
}

fn is_secret(
    value: &[u8],
    form: &Form,
    in_quotes: bool,
    ends_line: bool,
    strength: Strength,
) -> bool {
    let digit = value.iter().any(u8::is_ascii_digit);
    if forty(value) && (*form != Form::Colon || digit || in_quotes) {
        return true;
    }
    if is_placeholder(value) {
        return false;
    }
    let letter = value
        .iter()
        .any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    if strength == Strength::Weak {
        return value.len() >= 20 && digit && letter && !value.contains(&b'(');
    }
    let symbol = value.iter().any(|byte| b"!@#$%^*+=~/".contains(byte));
    if in_quotes || *form == Form::Tight {
        return value.len() >= if letter || symbol { 4 } else { 6 };
    }
    let cased =
        value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    (value.len() >= 8 && letter && (digit || symbol))
        || (value.len() >= 6 && letter && (digit || symbol) && ends_line)
        || (value.len() >= 16 && cased)
}

/// Says whether a value begins with forty characters of base64. Where case is folded, four more
/// letters belong to its alphabet.
fn forty(value: &[u8]) -> bool {
    let mut rest = value;
    for _ in 0..40 {
        rest = match rest {
            [byte, tail @ ..] if byte.is_ascii_alphanumeric() || b"+/".contains(byte) => tail,
            // U+017F, U+0130 and U+0131.
            [0xc5, 0xbf, tail @ ..] | [0xc4, 0xb0 | 0xb1, tail @ ..] => tail,
            // U+212A.
            [0xe2, 0x84, 0xaa, tail @ ..] => tail,
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
        || WORDS
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || code.iter().any(|prefix| value.starts_with(prefix))
        || value.iter().all(|byte| Some(byte) == value.first())
        || (value.contains(&b'(')
            && value.iter().all(|byte| byte.is_ascii_graphic())
            && !is_mixed(value))
}

fn is_mixed(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}

fn is_redacted(text: &[u8], at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.starts_with(REDACTED.as_bytes()))
}

fn skip_blanks(text: &[u8], at: usize) -> usize {
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
