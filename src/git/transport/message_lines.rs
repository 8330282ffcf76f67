//! The lines that a program at the other end writes, as they may be shown.

use sendoff_push::sanitize_line;

use crate::secrets::KnownSecrets;

/// How many lines of a server's message are kept.
const MAX_MESSAGES: usize = 40;

/// Returns a line without the prefixes that say only that it is an error.
fn without_prefix(line: &str) -> &str {
    let mut line = line;
    for word in ["remote: ", "fatal: ", "error: ", "ERROR: ", "FATAL: "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    line.trim()
}

/// Returns the lines of stderr that say something, without their prefixes.
pub(super) fn messages(stderr: &[u8], known: &KnownSecrets) -> Vec<String> {
    stderr
        .split(|byte| *byte == b'\n')
        .map(|line| without_prefix(without_prefix(&sanitize_line(line, known))).to_owned())
        .filter(|line| line.chars().any(char::is_alphanumeric) && line != "remote:")
        .take(MAX_MESSAGES)
        .collect()
}
