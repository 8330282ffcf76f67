//! Remotes that take no pushes at all.

/// What to do about a remote that takes no pushes.
pub(super) const READ_ONLY: &str =
    "the repository is archived, a mirror, or read-only for now: ask its owner";

/// Says whether a forge means that the whole repository takes no pushes; a key that may only read is
/// something else.
pub fn is_read_only(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["read-only", "archived"]
        .iter()
        .any(|word| text.contains(word))
}
