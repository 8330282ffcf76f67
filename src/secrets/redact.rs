//! `redact`: replaces every secret in a text.

use std::borrow::Cow;

use super::find::each_secret;
use super::marks::REDACTED;
use super::runs::Span;

/// The most passes: a replacement can join two texts into one that looks like a secret.
const MAX_PASSES: usize = 8;

/// Returns `text` with every secret replaced by [`REDACTED`]. Idempotent.
///
/// Takes time linear in the length of the text. Prefers a false positive to a leak.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut current = Cow::Borrowed(text);
    for _ in 0..MAX_PASSES {
        let mut spans: Vec<Span> = Vec::new();
        each_secret(current.as_bytes(), |finding| match spans.last_mut() {
            Some(last) if (last.0..=last.1).contains(&finding.start) => {
                last.1 = last.1.max(finding.end);
            }
            _ => spans.push((finding.start, finding.end)),
        });
        match replace_spans(&current, spans) {
            Some(next) => current = Cow::Owned(next),
            None => break,
        }
    }
    current
}

/// Replaces the spans, after merging those that touch. Returns `None` when the text stays the same.
pub(super) fn replace_spans(text: &str, mut spans: Vec<Span>) -> Option<String> {
    if spans.is_empty() {
        return None;
    }
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    let mut changed = false;
    for (start, end) in joined {
        let start = text.floor_char_boundary(start).max(kept);
        let end = text.ceil_char_boundary(end);
        out.push_str(text.get(kept..start)?);
        out.push_str(REDACTED);
        changed |= text.get(start..end)? != REDACTED;
        kept = end;
    }
    out.push_str(text.get(kept..)?);
    changed.then_some(out)
}
