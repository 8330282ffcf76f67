//! `redact_known`: replaces the exact values that we hold, in every form they may travel in.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

use super::base::{base64_at, hex, percent};
use super::redact::blot;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";
/// Shorter values would blot out ordinary words.
const LEAST: usize = 4;
/// Shorter values are looked for as they are, but not in their encodings or broken up.
const LEAST_ENCODED: usize = 8;
/// In texts below so many bytes each form is looked for by itself: to build an automaton takes longer.
const SHORT: usize = 16 * 1024;
/// So many breaks (a new line, `" + "`) may lie within a value.
const BREAKS: usize = 2;

/// Returns `text` with every one of `secrets` replaced: plain, in base64 at any offset, in hex,
/// percent and JSON escapes, and broken by up to two line ends, spaces or concatenations.
pub fn redact_known<'text>(text: &'text str, secrets: &[SecretString]) -> Cow<'text, str> {
    let mut current = Cow::Borrowed(text);
    let held: Vec<&str> = secrets
        .iter()
        .map(|secret| secret.expose_secret().trim())
        .filter(|secret| secret.len() >= LEAST)
        .collect();
    if held.is_empty() {
        return current;
    }
    let forms: Vec<String> = held.iter().flat_map(|secret| forms(secret)).collect();
    if let Some(next) = blot(text, spans(text, &forms)) {
        current = Cow::Owned(next);
    }
    let (joined, places) = join(&current);
    let broken = held
        .iter()
        .flat_map(|secret| {
            let (bare, own) = join(secret);
            let allowed = BREAKS + gaps(&own);
            let hits: Vec<_> = if bare.len() < LEAST_ENCODED {
                Vec::new()
            } else {
                joined.match_indices(&bare).map(|(at, _)| at).collect()
            };
            let places = &places;
            hits.into_iter()
                .filter_map(move |at| whole(places, at, own.len(), allowed))
        })
        .collect();
    if let Some(next) = blot(&current, broken) {
        current = Cow::Owned(next);
    }
    current
}

fn spans(text: &str, patterns: &[String]) -> Vec<(usize, usize)> {
    if text.len() < SHORT {
        return patterns
            .iter()
            .flat_map(|pattern| places_of(text, pattern))
            .collect();
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(patterns);
    let Ok(automaton) = automaton else {
        // Too many or too long to build at once: one at a time finds the same.
        return patterns
            .iter()
            .flat_map(|pattern| places_of(text, pattern))
            .collect();
    };
    automaton
        .find_overlapping_iter(text)
        .map(|hit| (hit.start(), hit.end()))
        .collect()
}

/// Returns where `pattern` stands, also where it overlaps itself.
fn places_of(text: &str, pattern: &str) -> Vec<(usize, usize)> {
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
    if bytes.len() < LEAST_ENCODED {
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

/// Returns `text` without what may break a value up, and where each byte of the rest stood.
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

/// Returns where a joined value stands in the text, when few enough breaks lie within.
fn whole(places: &[usize], at: usize, length: usize, allowed: usize) -> Option<(usize, usize)> {
    let inside = places.get(at..at + length)?;
    let (first, last) = (inside.first()?, inside.last()?);
    (gaps(inside) <= allowed).then_some((*first, last + 1))
}

/// Counts where something was left out.
fn gaps(places: &[usize]) -> usize {
    places
        .windows(2)
        .filter(|pair| matches!(pair, [left, right] if *right > left + 1))
        .count()
}
