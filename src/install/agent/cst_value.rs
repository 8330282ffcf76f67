//! Converts between the values of a lossless JSON syntax tree and `serde_json`'s.

use jsonc_parser::cst::{CstInputValue, CstNode};
use serde_json::Value;

/// Why a file is not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonEditError {
    /// The agent cannot parse it as JSON.
    #[error("its reader cannot parse it as JSON: {0}")]
    Syntax(String),
    /// A value on the path to the list has another type.
    #[error("{0} is not {1}")]
    Type(String, &'static str),
    /// A key is repeated, and parsers differ in which value they use.
    #[error("the key `{0}` is there twice")]
    Twice(String),
    /// The edit would change more than our entry.
    #[error("an edit would change other parts of it")]
    Foreign,
}

/// Returns the value of a node. Numbers become their text, because they can be out of range of `serde_json`'s numbers.
pub(super) fn value(node: &CstNode) -> Result<Value, JsonEditError> {
    if let Some(object) = node.as_object() {
        let mut map = serde_json::Map::new();
        for property in object.properties() {
            let name = property
                .decoded_name()
                .ok_or_else(|| JsonEditError::Syntax("a key without a name".into()))?;
            let inner = property
                .value()
                .ok_or_else(|| JsonEditError::Syntax(format!("`{name}` has no value")))?;
            if map.insert(name.clone(), value(&inner)?).is_some() {
                return Err(JsonEditError::Twice(name));
            }
        }
        return Ok(Value::Object(map));
    }
    if let Some(array) = node.as_array() {
        let elements = array.elements();
        return elements
            .iter()
            .map(value)
            .collect::<Result<_, _>>()
            .map(Value::Array);
    }
    if let Some(text) = node.as_string_lit() {
        let text = text
            .decoded_value()
            .map_err(|error| JsonEditError::Syntax(format!("{error:?}")))?;
        return Ok(Value::String(text));
    }
    Ok(Value::String(format!("\u{0}{node}")))
}

/// Converts a value for insertion into the tree.
pub(super) fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(truth) => CstInputValue::Bool(*truth),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(elements) => CstInputValue::Array(elements.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(
            map.iter()
                .map(|(name, value)| (name.clone(), input(value)))
                .collect(),
        ),
    }
}
