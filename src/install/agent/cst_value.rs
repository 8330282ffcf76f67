//! Values of a JSON file whose every byte is kept, and values of ours for it.

use jsonc_parser::cst::{CstInputValue, CstNode};
use serde_json::Value;

/// Why a file is not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// It is no JSON as the agent reads it.
    #[error("it is not JSON as its reader wants it: {0}")]
    Syntax(String),
    /// A value on the way is of another type.
    #[error("{0} is not {1}")]
    Type(String, &'static str),
    /// A key stands there twice, and readers differ in which one counts.
    #[error("the key `{0}` stands there twice")]
    Twice(String),
    /// The edit would change what is not ours.
    #[error("an edit would change other parts of it")]
    Foreign,
}

/// Returns what a node says. Numbers keep their text: they may be larger than any type of ours.
pub(super) fn value(node: &CstNode) -> Result<Value, Unclear> {
    if let Some(object) = node.as_object() {
        let mut map = serde_json::Map::new();
        for property in object.properties() {
            let name = property
                .decoded_name()
                .ok_or_else(|| Unclear::Syntax("a key without a name".into()))?;
            let inner = property
                .value()
                .ok_or_else(|| Unclear::Syntax(format!("`{name}` has no value")))?;
            if map.insert(name.clone(), value(&inner)?).is_some() {
                return Err(Unclear::Twice(name));
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
            .map_err(|error| Unclear::Syntax(format!("{error:?}")))?;
        return Ok(Value::String(text));
    }
    Ok(Value::String(format!("\u{0}{node}")))
}

/// Turns a value of ours into what the library inserts.
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
