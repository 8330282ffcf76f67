//! Secrets that are found by their context: PEM blocks, JSON web tokens, URLs, headers.

use memchr::memmem;

use super::assignment::separator;
use super::base::decodes_to_pair;
use super::judge::{MAX_EXAMINED, is_mixed};
use super::marks::{REDACTED, is_redacted, skip_blanks};
use super::runs::{Class, Runs, Span};

/// How much of a block without an end is replaced, in bytes.
const MAX_OPEN_BLOCK: usize = 4096;
/// The longest block whose end is searched for, in bytes.
const MAX_BLOCK: usize = 32 * 1024;
/// The longest header with several parts, in bytes.
const MAX_HEADER: usize = 512;
const BLOCK_END: &[u8] = b"-----END ";

/// Private key blocks. The end of the next one is remembered, so that it is searched for once.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    next_end: Option<(usize, usize)>,
}

impl Blocks {
    /// Returns the private key block whose `-----BEGIN ` is at `start..after`.
    pub(super) fn at(&mut self, text: &[u8], start: usize, after: usize) -> Option<Span> {
        let label = label_length(text, after);
        let name = text.get(after..after + label)?;
        if !name.windows(11).any(|window| window == b"PRIVATE KEY") {
            return None;
        }
        let end = self.end(text, after + label);
        if end > after + MAX_BLOCK {
            return Some((start, text.len().min(start + MAX_OPEN_BLOCK)));
        }
        let label = end + label_length(text, end);
        let dashes = text.get(label..).unwrap_or_default().iter().take(5);
        Some((
            start,
            label + dashes.take_while(|byte| **byte == b'-').count(),
        ))
    }

    /// Returns the end of the first `-----END ` at or after `at`, or `usize::MAX` when there is none.
    fn end(&mut self, text: &[u8], at: usize) -> usize {
        if let Some((from, end)) = self.next_end
            && (from..=end).contains(&(at + BLOCK_END.len()))
        {
            return end;
        }
        let found = memmem::find(text.get(at..).unwrap_or_default(), BLOCK_END);
        let end = found.map_or(usize::MAX, |found| at + found + BLOCK_END.len());
        self.next_end = Some((at, end));
        end
    }
}

/// Returns the length of a label such as `RSA PRIVATE KEY`.
fn label_length(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ')
        .count()
}

/// JSON web tokens. A run with many possible starts is examined once.
#[derive(Debug, Default)]
pub(super) struct WebTokens {
    judged: Option<(usize, Option<usize>)>,
}

impl WebTokens {
    /// Returns the token whose `eyJ` is at `start`: two to five parts in base64url.
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
        // A full stop after the token is not part of it; an empty part inside it is.
        if next == end + 1 && dots >= 1 && text.get(next) != Some(&b'.') {
            break;
        }
        end = next;
        dots += 1;
    }
    // An unsigned token can end with its second dot.
    (dots >= 1 && end - header > 8).then_some(end)
}

/// Returns the password, or a user name as long as a token, in a URL whose `://` ends at `after`.
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
        // `Digest` has several parts; the others have one, and other text may follow.
        let end = if scheme.eq_ignore_ascii_case(b"digest") {
            runs.end(Class::Header, credentials)
                .min(credentials + MAX_HEADER)
        } else {
            runs.end(Class::Value, credentials)
        };
        let long = end >= credentials + 4;
        return (long && !is_redacted(text, credentials)).then_some((credentials, end));
    }
    let end = runs.end(Class::Value, value.start);
    let judged = (value.start, end.min(value.start + MAX_EXAMINED));
    let mut mixed = || runs.leaves(Class::NoDigit, judged) && runs.leaves(Class::NoLetter, judged);
    (end >= value.start + 8 && mixed() && !is_redacted(text, value.start))
        .then_some((value.start, end))
}

/// Returns the cookies of a `Cookie` or `Set-Cookie` header whose name ends at `after`: the rest of the
/// line, if it begins with a name and a value.
pub(super) fn cookie(text: &[u8], after: usize, runs: &mut Runs<'_>) -> Option<Span> {
    let (value, _) = separator(text, after)?;
    let end = runs.end(Class::Header, value.start);
    let name = runs.end(Class::Dotted, value.start);
    let pair = name > value.start && name + 1 < end && text.get(name) == Some(&b'=');
    (pair && !is_redacted(text, value.start)).then_some((value.start, end))
}

/// Returns the credentials after `Bearer` or `Basic`, whose name ends at `after`, unless they look like a
/// word.
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
