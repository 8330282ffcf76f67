//! `message_text`: the text of an A2A message.

use serde_json::Value;

use super::python::strip;

/// Why a message's text cannot be extracted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It does not parse.
    #[error("the message is not JSON: {0}")]
    Json(String),
    /// Its parts are not a list.
    #[error("`parts` of the message is not a list")]
    Parts,
    /// The text of a part is not a string.
    #[error("the text of part {0} of the message is not a string")]
    Text(usize),
}

/// Returns the texts of the message's parts, joined by one space and trimmed.
///
/// A part has its text in `text` or, when that is empty, in `root.text`; parts without text are left out.
pub fn message_text(json: &str) -> Result<String, MessageError> {
    let message: Value =
        serde_json::from_str(json).map_err(|error| MessageError::Json(error.to_string()))?;
    let parts = match message.get("parts") {
        Some(Value::Array(parts)) => parts.as_slice(),
        // Python iterates over strings and objects too; their elements have no text.
        None | Some(Value::String(_) | Value::Object(_)) => &[],
        Some(other) if is_falsy(other) => &[],
        Some(_) => return Err(MessageError::Parts),
    };
    let mut texts = Vec::with_capacity(parts.len());
    for (number, part) in (1..).zip(parts) {
        let own = part.get("text").filter(|text| !is_falsy(text));
        let inner = || part.get("root")?.get("text").filter(|text| !is_falsy(text));
        match own.or_else(inner) {
            None => {}
            Some(Value::String(text)) => texts.push(text.as_str()),
            Some(_) => return Err(MessageError::Text(number)),
        }
    }
    Ok(strip(&texts.join(" ")).to_owned())
}

/// Says whether a value is falsy in Python.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
    }
}
