//! `redact_known`: replaces known values, plain and in every encoding.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

use super::base::{base64_at, hex, percent};
use super::redact::replace_spans;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";
/// The shortest value that is replaced, in bytes: a shorter one can be an ordinary word.
const MIN_LENGTH: usize = 4;
/// The shortest value that is also searched for encoded or split over lines.
const MIN_ENCODED_LENGTH: usize = 8;
/// The shortest text for which building an automaton pays, in bytes.
const MIN_AUTOMATON_TEXT: usize = 16 * 1024;
/// The most breaks (a new line, `" + "`) within a value.
const MAX_BREAKS: usize = 2;

/// Returns `text` with each of `secrets` replaced: plain, in base64 at any offset, in hexadecimal, with
/// percent or JSON escapes, and split by up to two line ends, spaces or string concatenations.
pub fn redact_known<'text>(text: &'text str, secrets: &[SecretString]) -> Cow<'text, str> {
    let mut current = Cow::Borrowed(text);
    let held: Vec<&str> = secrets
        .iter()
        .map(|secret| secret.expose_secret().trim())
        .filter(|secret| secret.len() >= MIN_LENGTH)
        .collect();
    if held.is_empty() {
        return current;
    }
    let forms: Vec<String> = held.iter().flat_map(|secret| forms(secret)).collect();
    if let Some(next) = replace_spans(text, spans(text, &forms)) {
        current = Cow::Owned(next);
    }
    let (joined, places) = join(&current);
    let broken = held
        .iter()
        .flat_map(|secret| {
            let (bare, own) = join(secret);
            let allowed = MAX_BREAKS + gaps(&own);
            let hits: Vec<_> = if bare.len() < MIN_ENCODED_LENGTH {
                Vec::new()
            } else {
                joined.match_indices(&bare).map(|(at, _)| at).collect()
            };
            let places = &places;
            hits.into_iter()
                .filter_map(move |at| whole(places, at, own.len(), allowed))
        })
        .collect();
    if let Some(next) = replace_spans(&current, broken) {
        current = Cow::Owned(next);
    }
    current
}

fn spans(text: &str, patterns: &[String]) -> Vec<(usize, usize)> {
    if text.len() < MIN_AUTOMATON_TEXT {
        return patterns
            .iter()
            .flat_map(|pattern| occurrences(text, pattern))
            .collect();
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(patterns);
    let Ok(automaton) = automaton else {
        // Too many or too long for an automaton: search for one at a time.
        return patterns
            .iter()
            .flat_map(|pattern| occurrences(text, pattern))
            .collect();
    };
    automaton
        .find_overlapping_iter(text)
        .map(|hit| (hit.start(), hit.end()))
        .collect()
}

/// Returns every occurrence of `pattern`, overlapping ones included.
fn occurrences(text: &str, pattern: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(pattern)) {
        let start = from + at;
        places.push((start, start + pattern.len()));
        from = text.ceil_char_boundary(start + 1);
    }
    places
}

fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut all = vec![secret.to_owned()];
    if bytes.len() < MIN_ENCODED_LENGTH {
        return all;
    }
    for offset in 0..3 {
        let standard = base64_at(bytes, offset);
        all.push(standard.replace('+', "-").replace('/', "_"));
        all.push(standard);
    }
    for digits in [UPPER, LOWER] {
        all.push(percent(bytes, digits));
        all.push(hex(bytes, digits));
    }
    all.push(secret.replace('\\', "\\\\").replace('"', "\\\""));
    all.push(secret.replace('/', "\\/"));
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns `text` without the characters that can split a value, and the offset of each byte that is left.
fn join(text: &str) -> (String, Vec<usize>) {
    let mut joined = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if character.is_whitespace() || matches!(character, '\\' | '"' | '\'' | '+') {
            continue;
        }
        joined.push(character);
        places.extend(at..at + character.len_utf8());
    }
    (joined, places)
}

/// Returns the span of a joined value in the text, unless it has too many breaks.
fn whole(places: &[usize], at: usize, length: usize, allowed: usize) -> Option<(usize, usize)> {
    let inside = places.get(at..at + length)?;
    let (first, last) = (inside.first()?, inside.last()?);
    (gaps(inside) <= allowed).then_some((*first, last + 1))
}

/// Counts the breaks: places where characters were left out.
fn gaps(places: &[usize]) -> usize {
    places
        .windows(2)
        .filter(|pair| matches!(pair, [left, right] if *right > left + 1))
        .count()
}
