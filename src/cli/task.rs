//! `--input`: the raw text of a text step, and the task document.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use crate::pipeline::TaskDocument;
use crate::reason::{Code, Reason};

/// The largest input, in bytes.
const MAX_INPUT_SIZE: u64 = 64 << 20;

/// Reads `--input`: a file, or `-` for standard input.
pub(super) fn read_input(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let name = name_of(path);
    let read = if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(MAX_INPUT_SIZE + 1)
            .read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_INPUT_SIZE + 1).read_to_end(&mut bytes))
    };
    match read {
        Err(error) => Err(format!("{name} cannot be read: {error}")),
        Ok(_) if bytes.len() as u64 > MAX_INPUT_SIZE => Err(format!(
            "{name} is larger than {} MiB",
            MAX_INPUT_SIZE >> 20
        )),
        Ok(_) => Ok(bytes),
    }
}

/// Reads the task document, if one is given. Empty input is a document without keys: a `finally` block
/// has no more to pass when its task never began.
pub(super) fn read_task(path: Option<&Path>) -> Result<TaskDocument, Reason> {
    let Some(path) = path else {
        return Ok(TaskDocument::default());
    };
    let (message, advice) = match read_input(path) {
        Ok(bytes) => match parse_task(&bytes) {
            Ok(document) => return Ok(document),
            Err(problem) => (
                format!(
                    "{} is not a task document: {problem}; it is ignored",
                    name_of(path)
                ),
                format!(
                    "give one object of `{}`, such as {{\"task\": {{\"input\": \"...\", \"ok\": true}}}}, and run again",
                    TaskDocument::SCHEMA
                ),
            ),
        },
        Err(problem) => (
            problem,
            "name a file that can be read, or - for standard input, and run again".to_owned(),
        ),
    };
    Err(Reason::new(Code::BadInput, message).advise(advice))
}

/// Reads a task document. An error says what is wrong with it.
pub(super) fn parse_task(bytes: &[u8]) -> Result<TaskDocument, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(TaskDocument::default());
    }
    let document: TaskDocument = serde_json::from_slice(bytes).map_err(|error| {
        // For JSON of the wrong type the type says most, for invalid JSON the position.
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => shape(&value).err().unwrap_or_else(|| error.to_string()),
            Err(error) => error.to_string(),
        }
    })?;
    // serde accepts an array for a struct.
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    shape(&value)?;
    match document.schema.as_deref() {
        None | Some(TaskDocument::SCHEMA) => Ok(document),
        Some(other) => Err(format!(
            "its schema is `{}`, and this version reads `{}`",
            other.escape_debug(),
            TaskDocument::SCHEMA
        )),
    }
}

/// Checks that the document and its tables are objects.
fn shape(value: &Value) -> Result<(), String> {
    let Value::Object(top) = value else {
        return Err(format!("it is {}, and must be an object", kind(value)));
    };
    for key in ["task", "heartbeat"] {
        match top.get(key) {
            None | Some(Value::Object(_)) => {}
            Some(Value::Null) if key == "heartbeat" => {}
            Some(other) => {
                return Err(format!("`{key}` is {}, and must be an object", kind(other)));
            }
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Names the input for messages.
fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::parse_task;

    #[test]
    fn empty_input_is_a_document_without_keys() {
        for empty in ["", " \n\t", "{}"] {
            assert_eq!(
                parse_task(empty.as_bytes()),
                Ok(crate::pipeline::TaskDocument::default())
            );
        }
    }

    #[test]
    fn a_wrong_document_is_refused_with_its_type_or_place() {
        for (text, wanted) in [
            ("[]", "it is an array, and must be an object"),
            ("5", "it is a number, and must be an object"),
            ("null", "it is null, and must be an object"),
            (
                "{\"task\": []}",
                "`task` is an array, and must be an object",
            ),
            ("{\"task\": 5}", "`task` is a number, and must be an object"),
            (
                "{\"heartbeat\": [1]}",
                "`heartbeat` is an array, and must be an object",
            ),
            (
                "{\"task\": {\n \"input\": 5}}",
                "invalid type: integer `5`, expected a string at line 2 column 11",
            ),
            (
                "{\"task\"",
                "EOF while parsing an object at line 1 column 7",
            ),
        ] {
            assert_eq!(parse_task(text.as_bytes()).unwrap_err(), wanted, "{text}");
        }
    }
}
