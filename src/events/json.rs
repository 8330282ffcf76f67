//! Parses the JSON of deliveries, within limits that are checked before memory is allocated.

use serde_json::Value;

/// The most values of one body, because each takes more memory than its text. A push of 2,048 commits, the most that GitHub
/// sends, has about a fifth of it, and the names of its files.
const MAX_VALUES: usize = 250_000;

/// Why a body cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonError {
    /// It is no JSON, or nested too deeply.
    #[error("the body is not JSON: {0}")]
    Syntax(String),
    /// It is JSON, but not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// It has too many values.
    #[error("the body has more than {MAX_VALUES} values")]
    TooMany,
}

/// Parses a JSON object. The parser itself limits the nesting to 128 levels.
pub(super) fn object(body: &[u8]) -> Result<Value, JsonError> {
    if values(body) > MAX_VALUES {
        return Err(JsonError::TooMany);
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|error| JsonError::Syntax(error.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(JsonError::NotAnObject)
    }
}

/// Returns an upper bound of the number of values: each follows a comma, or the bracket of its list or object.
fn values(body: &[u8]) -> usize {
    let (mut count, mut in_text, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

/// Returns the text at a JSON pointer such as `/issue/title`; `None` where it is empty.
pub(super) fn text(payload: &Value, pointer: &str) -> Option<String> {
    let text = payload.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the text at the first of these pointers that has one.
pub(super) fn first_text(payload: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| text(payload, pointer))
}

/// Returns the number at the first of these pointers that has one.
pub(super) fn first_number(payload: &Value, pointers: &[&str]) -> Option<u64> {
    let mut pointers = pointers.iter();
    pointers.find_map(|pointer| payload.pointer(pointer)?.as_u64())
}

/// Returns the texts at `key` of every element of the lists at these pointers.
pub(super) fn texts(payload: &Value, pointers: &[String], key: &str) -> Vec<String> {
    let lists = pointers
        .iter()
        .filter_map(|pointer| payload.pointer(pointer));
    lists
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|element| element.get(key)?.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_of_a_bounded_size_and_depth_are_read() {
        assert!(object(b"{\"a\": [1, {\"b\": null}]}").is_ok());
        assert_eq!(object(b"[1]"), Err(JsonError::NotAnObject));
        assert_eq!(object(b"\"{\""), Err(JsonError::NotAnObject));
        for bad in [
            &b""[..],
            b"{",
            b"{\"a\": \xff}",
            b"{} {}",
            b"{'a': 1}",
            b"\0",
        ] {
            let read = object(bad);
            assert!(matches!(read, Err(JsonError::Syntax(_))), "{read:?}");
        }
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
        let read = object(deep.as_bytes()).unwrap_err().to_string();
        assert!(read.contains("recursion limit"), "{read}");
        let wide = format!("{{\"a\": [{}1]}}", "1,".repeat(MAX_VALUES));
        assert_eq!(object(wide.as_bytes()), Err(JsonError::TooMany));
        // What stands in a text is no value.
        let text = format!(
            "{{\"a\": \"{}\\\"{}\"}}",
            ",".repeat(MAX_VALUES),
            "[".repeat(9)
        );
        assert!(object(text.as_bytes()).is_ok());
    }
}
