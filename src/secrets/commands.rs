//! Secrets by their place in a command line, a URL, `.netrc` or `.pgpass`, and tokens known by their middle.

use super::arguments::is_argument;
use super::base::decodes_to_pair;
use super::marks::{is_redacted, skip_blanks};
use super::runs::{Class, Runs, Span};

/// The least length of a signature in a URL.
const SIGNATURE: usize = 20;
/// The least length of what follows the colon in a Telegram bot's token.
const TELEGRAM: usize = 30;
/// The most digits before it.
const TELEGRAM_ID: usize = 12;
/// The least length of what follows the middle of a Terraform token.
const TERRAFORM: usize = 30;
/// So much of an entry of `.netrc` or `.pgpass` is looked at.
const NETRC: usize = 400;

/// Returns the password of `-u USER:PASSWORD`, `--user` and `--proxy-user`, as curl takes them.
pub(super) fn user(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let rest = text.get(after..)?;
    let long = rest.starts_with(b"ser");
    let begins_word =
        before.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`=(".contains(byte));
    if !(begins_word
        || (long && before.is_some_and(|byte| *byte == b'-' || byte.is_ascii_lowercase())))
    {
        return None;
    }
    let named = if long { after + 3 } else { after };
    let mut value = match text.get(named) {
        Some(b'=') if long => named + 1,
        _ => skip_blanks(text, named),
    };
    if long && value == named {
        return None;
    }
    let quote = text.get(value).filter(|byte| matches!(byte, b'"' | b'\''));
    let end = match quote {
        Some(_) => {
            value += 1;
            runs.end(Class::Header, value)
        }
        None => runs.end(Class::Value, value),
    };
    let login = text.get(value..end.min(value + 256))?;
    let colon = login.iter().position(|byte| *byte == b':')?;
    let password = login.get(colon + 1..)?;
    // `-u 1000:1000` is a user and a group; `-u https://...` is an address.
    let is_ids = login
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b':');
    let is_login = colon > 0
        && password.len() >= 3
        && !is_ids
        && !password.starts_with(b"//")
        && !password.starts_with(b"$");
    let begin = value + colon + 1;
    (is_login && !is_redacted(text, begin)).then_some((begin, end))
}

/// Returns the signature of a shared access signature of Azure, in a URL.
pub(super) fn signature(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let is_parameter = before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let end = runs.end(Class::Value, after);
    (is_parameter && end >= after + SIGNATURE).then_some((after, end))
}

/// Returns the token of a Telegram bot, whose colon stands at `colon`: an id, and 35 letters of which
/// the first is `A`.
pub(super) fn telegram(text: &[u8], colon: usize, runs: &mut Runs<'_>) -> Option<Span> {
    let before = text.get(colon.saturating_sub(TELEGRAM_ID + 1)..colon)?;
    let digits = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let end = runs.end(Class::Word, colon + 1);
    ((6..=TELEGRAM_ID).contains(&digits) && end > colon + TELEGRAM).then_some((colon - digits, end))
}

/// Returns a token of HCP Terraform, whose middle stands at `start..after`.
pub(super) fn terraform(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    let before = text.get(start.saturating_sub(32)..start)?;
    let id = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let end = runs.end(Class::Word, after);
    (id > 0 && end >= after + TERRAFORM).then_some((start - id, end))
}

/// Returns the value after a `password` that stands at `start..after` in an entry of `.netrc`.
pub(super) fn netrc(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    let begin = skip_lines(text, after);
    if begin == after {
        return None;
    }
    let head = text.get(start.saturating_sub(NETRC)..start)?;
    let mut words = head
        .rsplit(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let in_entry = loop {
        let value = words.next()?;
        if value == b"default" {
            break true;
        }
        match words.next()? {
            b"machine" => break true,
            b"login" | b"account" => {}
            _ => break false,
        }
    };
    let end = runs
        .end(Class::Word, begin)
        .max(runs.end(Class::Value, begin));
    (in_entry && end > begin && !is_redacted(text, begin)).then_some((begin, end))
}

/// Returns the password of a line of `.pgpass` whose port stands at `start..after`, with its colons.
pub(super) fn pgpass(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    let before = start.checked_sub(1).and_then(|before| text.get(before))?;
    let end = runs.end(Class::Value, after).min(after + NETRC);
    let mut fields = text.get(after..end)?.splitn(3, |byte| *byte == b':');
    let (database, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    let names = [database, user];
    let is_name = |name: &&[u8]| !name.is_empty() && !name.contains(&b'/');
    let begin = end - password.len();
    let is_line = (before.is_ascii_alphanumeric() || *before == b'*') && names.iter().all(is_name);
    (is_line && is_argument(text, (begin, end))).then_some((begin, end))
}

/// Returns the login of `"auth": "..."` in Docker's configuration, whose name ends at `after`.
pub(super) fn docker(text: &[u8], after: usize, runs: &mut Runs<'_>) -> Option<Span> {
    let quote = skip_blanks(text, after);
    let begin = (text.get(quote) == Some(&b'"')).then_some(quote + 1)?;
    let end = runs.end(Class::Token68, begin);
    let value = text.get(begin..end.min(begin + NETRC))?;
    (value.len() >= 8 && decodes_to_pair(value)).then_some((begin, end))
}

/// Skips the blanks and line ends between the words of `.netrc`.
fn skip_lines(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(NETRC)
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}
