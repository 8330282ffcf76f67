//! `brief`: the first line of a Markdown text that says something.

use super::python::strip;

/// The longest summary, unless somebody asks for another length; in code points.
pub const BRIEF_LENGTH: i64 = 80;

/// One character and the dots.
const SHORTEST: i64 = 4;
/// What stands at the end of a line that was cut.
const DOTS: &str = "...";

/// Returns the first line that is no fence and no rule, without its `#`, `**` and `__`.
///
/// A longer line is cut to `max_len` code points, three dots included; less than 4 counts as 4.
/// When no line says anything, the first `max_len` code points of the text come back as they are.
pub fn brief(text: &str, max_len: i64) -> String {
    let limit = usize::try_from(max_len.max(SHORTEST)).unwrap_or(usize::MAX);
    for line in text.split('\n') {
        let line = strip(strip(line).trim_start_matches('#'));
        if line.is_empty() || line.starts_with("```") || line == "---" {
            continue;
        }
        let line = line.replace("**", "").replace("__", "");
        return match line.char_indices().nth(limit) {
            None => line,
            Some(_) => format!("{}{DOTS}", first(&line, limit - DOTS.len())),
        };
    }
    first(text, limit).to_owned()
}

/// Returns the first `count` code points.
fn first(text: &str, count: usize) -> &str {
    let end = text
        .char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
