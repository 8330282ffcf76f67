//! `classify`: the category of a failure, from a program's stderr and exit code.

use super::python::{fold, is_word};

/// Words that indicate a rate limit.
const RATE_LIMIT_WORDS: &[&str] = &["rate", "429", "overloaded"];
/// Words that indicate a refused credential.
const AUTH_WORDS: &[&str] = &[
    "auth",
    "authentication",
    "authorization",
    "apikey",
    "api_key",
    "api-key",
];
/// Words that indicate a lost session.
const SESSION_WORDS: &[&str] = &["session", "no conversation found"];

/// Returns the category of a failure: `rate_limited`, `auth_failed`, `session_error`, else
/// `exit_N` for an exit code that is not 0, else `subprocess_error`.
///
/// Matches whole words, in any case: neither "author" nor 1429 matches.
pub fn classify(stderr: &str, exit_code: Option<i64>) -> String {
    let (mut auth, mut session) = (false, false);
    let mut inside_word = false;
    for (at, character) in stderr.char_indices() {
        let is_word = is_word(character);
        if is_word && !inside_word {
            let rest = stderr.get(at..).unwrap_or_default();
            if begins_with_any(rest, RATE_LIMIT_WORDS) {
                return "rate_limited".into();
            }
            auth = auth || begins_with_any(rest, AUTH_WORDS);
            session = session || begins_with_any(rest, SESSION_WORDS);
        }
        inside_word = is_word;
    }
    match exit_code {
        _ if auth => "auth_failed".into(),
        _ if session => "session_error".into(),
        Some(code) if code != 0 => format!("exit_{code}"),
        _ => "subprocess_error".into(),
    }
}

fn begins_with_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| begins_with(text, word))
}

/// Says whether `text` begins with the whole word `word`, in any case.
fn begins_with(text: &str, word: &str) -> bool {
    let mut rest = text.chars();
    word.chars()
        .all(|wanted| rest.next().map(fold) == Some(wanted))
        && !rest.next().is_some_and(is_word)
}
