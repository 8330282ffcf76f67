//! `HeldSecret`: a value that must not be shown; `redact_known` replaces it, plain and in every encoding.

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

/// A value that must not be shown, with all that is searched for it, which is made once.
pub(super) struct HeldSecret {
    value: SecretString,
    /// The value in every encoding; none where it is too short to be searched.
    forms: Vec<SecretString>,
    /// How it is found where breaks split it; `None` where it is too short.
    split: Option<SplitSecret>,
}

struct SplitSecret {
    /// The value without the characters that can split one.
    joined: SecretString,
    /// The most breaks with which it counts: its own, and those that a text may add.
    breaks: usize,
}

impl HeldSecret {
    pub(super) fn new(secret: &SecretString) -> Self {
        let value = secret.expose_secret().trim();
        let (joined, places) = join(value);
        let is_searched = value.len() >= MIN_LENGTH;
        let is_split = is_searched && joined.len() >= MIN_ENCODED_LENGTH;
        Self {
            value: secret.clone(),
            forms: if is_searched {
                forms(value)
            } else {
                Vec::new()
            },
            split: is_split.then(|| SplitSecret {
                breaks: MAX_BREAKS + gaps(&places),
                joined: joined.into(),
            }),
        }
    }

    /// Says whether this is the value, as it was given.
    pub(super) fn is(&self, secret: &SecretString) -> bool {
        self.value.expose_secret() == secret.expose_secret()
    }
}

/// Returns `text` with each of `secrets` replaced: plain, in base64 at any offset, in hexadecimal, with
/// percent or JSON escapes, and split by up to two line ends, spaces or string concatenations.
pub(super) fn redact_known<'text>(text: &'text str, secrets: &[HeldSecret]) -> Cow<'text, str> {
    let forms: Vec<&str> = secrets
        .iter()
        .flat_map(|secret| &secret.forms)
        .map(ExposeSecret::expose_secret)
        .filter(|form| form.len() <= text.len())
        .collect();
    let hidden = replace_spans(text, spans(text, &forms)).map_or(Cow::Borrowed(text), Cow::Owned);
    let split: Vec<&SplitSecret> = secrets
        .iter()
        .filter_map(|secret| secret.split.as_ref())
        .filter(|split| split.joined.expose_secret().len() <= hidden.len())
        .collect();
    if split.is_empty() {
        return hidden;
    }
    let (joined, places) = join(&hidden);
    let broken = split
        .into_iter()
        .flat_map(
            |SplitSecret {
                 joined: bare,
                 breaks,
             }| {
                let bare = bare.expose_secret();
                joined
                    .match_indices(bare)
                    .filter_map(|(at, _)| whole(&places, at, bare.len(), *breaks))
                    .collect::<Vec<_>>()
            },
        )
        .collect();
    replace_spans(&hidden, broken).map_or(hidden, Cow::Owned)
}

fn spans(text: &str, patterns: &[&str]) -> Vec<(usize, usize)> {
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

fn forms(secret: &str) -> Vec<SecretString> {
    let bytes = secret.as_bytes();
    let mut all = vec![secret.to_owned()];
    if bytes.len() >= MIN_ENCODED_LENGTH {
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
    }
    all.into_iter().map(SecretString::from).collect()
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
