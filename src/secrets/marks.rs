//! What every search looks at: the replacement for a secret, and blanks.

/// The replacement for a secret.
pub const REDACTED: &str = "[REDACTED]";

/// Says whether a secret was replaced at `at`.
pub(super) fn is_redacted(text: &[u8], at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.starts_with(REDACTED.as_bytes()))
}

/// Returns where the blanks and tabs at `at` end.
pub(super) fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}
