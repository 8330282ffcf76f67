//! `message_text`: the text of an A2A message.

use serde_json::Value;

use super::python::strip;

/// Why a message has no text that can be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It cannot be read.
    #[error("the message is no JSON: {0}")]
    Json(String),
    /// Its parts cannot be gone through.
    #[error("`parts` of the message is no list")]
    Parts,
    /// A part has something else where its text belongs.
    #[error("the text of part {0} of the message is no text")]
    Text(usize),
}

/// Returns the texts of the message's parts, joined by one space, without the spaces at the ends.
///
/// A part has its text in `text` or, where that is empty, in `root.text`; others are left out.
pub fn message_text(json: &str) -> Result<String, MessageError> {
    let message: Value =
        serde_json::from_str(json).map_err(|error| MessageError::Json(error.to_string()))?;
    let parts = match message.get("parts") {
        Some(Value::Array(parts)) => parts.as_slice(),
        // Strings and tables can be gone through too, but what is in them has no text.
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

/// Says whether Python takes a value for false.
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
