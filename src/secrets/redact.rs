//! `redact`: text with every secret replaced.

use std::borrow::Cow;

use super::find::each_secret;
use super::runs::Span;

/// What stands where a secret stood.
pub const REDACTED: &str = "[REDACTED]";

/// Passes until nothing changes; each pass can only uncover what the one before joined.
const PASSES: usize = 8;

/// Returns `text` with every secret replaced by [`REDACTED`]; a second call changes nothing.
///
/// Takes time linear in the text. Prefers to replace too much: text that is shown or sent is
/// never worth a leak.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut current = Cow::Borrowed(text);
    for _ in 0..PASSES {
        let mut spans: Vec<Span> = Vec::new();
        each_secret(current.as_bytes(), |finding| match spans.last_mut() {
            Some(last) if (last.0..=last.1).contains(&finding.start) => {
                last.1 = last.1.max(finding.end);
            }
            _ => spans.push((finding.start, finding.end)),
        });
        match blot(&current, spans) {
            Some(next) => current = Cow::Owned(next),
            None => break,
        }
    }
    current
}

/// Replaces the spans, joined where they touch. Returns nothing when no text would change.
pub(super) fn blot(text: &str, mut spans: Vec<Span>) -> Option<String> {
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
