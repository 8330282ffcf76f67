//! The body of a refusal, in the shapes that GitHub, its enterprise servers and what stands before them give it.

use serde_json::Value;

use crate::http::Response;

use super::text;

/// The body of a refusal: JSON with a `message` and `errors`, which are objects or plain sentences.
#[derive(Debug, Default)]
pub(super) struct Refusal(Value);

impl Refusal {
    /// Reads a body; one that is no JSON says nothing.
    pub(super) fn read(response: &Response) -> Self {
        Self(serde_json::from_slice(response.body()).unwrap_or_default())
    }

    /// Returns all that it says as one line, or the beginning of a body that is of another shape.
    pub(super) fn said(&self, response: &Response) -> String {
        let said = text::line(&self.all());
        let said = said.trim_end_matches('.');
        if said.is_empty() {
            response.excerpt()
        } else {
            said.to_owned()
        }
    }

    /// Returns everything that it says, `message` first.
    pub(super) fn all(&self) -> String {
        let mut parts = Vec::new();
        for key in ["message", "error", "error_description", "errors"] {
            sentences(self.0.get(key), &mut parts);
        }
        parts.retain(|part| !part.trim().is_empty());
        parts.join(": ")
    }

    /// Says whether `name` is a field that was called invalid.
    pub(super) fn is_invalid(&self, name: &str) -> bool {
        self.errors_of(name)
            .any(|error| field(error, "code") == "invalid")
    }

    /// Says whether an error is about the field `name`.
    pub(super) fn names_field(&self, name: &str) -> bool {
        self.errors_of(name).next().is_some()
    }

    fn errors_of(&self, name: &str) -> impl Iterator<Item = &Value> {
        let errors = self.0.get("errors").and_then(Value::as_array);
        let errors = errors.into_iter().flatten();
        errors.filter(move |error| field(error, "field") == name)
    }
}

/// Adds the sentences of a value: a text, a list, or an object with a `message`, else with the field that is wrong.
fn sentences(value: Option<&Value>, parts: &mut Vec<String>) {
    match value {
        Some(Value::String(sentence)) => parts.push(sentence.clone()),
        Some(Value::Array(values)) => {
            for value in values {
                sentences(Some(value), parts);
            }
        }
        Some(error @ Value::Object(_)) => parts.push(match field(error, "message") {
            "" => ["resource", "field", "code"]
                .map(|key| field(error, key))
                .join(" "),
            sentence => sentence.to_owned(),
        }),
        _ => {}
    }
}

fn field<'a>(error: &'a Value, key: &str) -> &'a str {
    error.get(key).and_then(Value::as_str).unwrap_or_default()
}
