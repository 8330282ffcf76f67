//! Texts cut to a length: a one-line summary of a Markdown text, and any text.

use std::borrow::Cow;

use super::python::strip;

/// The default length of a summary, in code points.
pub const BRIEF_LENGTH: i64 = 80;

/// The shortest limit: one character and the ellipsis.
const MIN_LENGTH: i64 = 4;
/// The end of a line that was cut.
const ELLIPSIS: &str = "...";

/// Returns the first line that is neither blank, a code fence nor a thematic break, without its
/// leading `#` and without `**` and `__`.
///
/// A longer line is cut to `max_len` code points, with `...` at its end; less than 4 counts as 4.
/// When there is no such line, returns the first `max_len` code points of the text unchanged.
pub fn brief(text: &str, max_len: i64) -> String {
    let limit = usize::try_from(max_len.max(MIN_LENGTH)).unwrap_or(usize::MAX);
    for line in text.split('\n') {
        let line = strip(strip(line).trim_start_matches('#'));
        if line.is_empty() || line.starts_with("```") || line == "---" {
            continue;
        }
        let line = line.replace("**", "").replace("__", "");
        return match line.char_indices().nth(limit) {
            None => line,
            Some(_) => format!("{}{ELLIPSIS}", first(&line, limit - ELLIPSIS.len())),
        };
    }
    first(text, limit).to_owned()
}

/// Returns a text of more than `max_len` code points cut to as many, with `…` at its end; a shorter one unchanged.
pub fn ellipsize(text: &str, max_len: usize) -> Cow<'_, str> {
    let start = first(text, max_len);
    if start.len() == text.len() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{start}…"))
    }
}

/// Returns the first `count` code points.
fn first(text: &str, count: usize) -> &str {
    let end = text
        .char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
