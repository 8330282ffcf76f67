//! The task document as callers write it: unknown keys are named, and values that shells and scripts write as another kind
//! are taken for what they mean.

use serde_json::{Map, Value};

use crate::pipeline::TaskDocument;
use crate::text::repaired_json;

/// How much of an unknown key is shown, in characters.
const LONGEST_KEY: usize = 60;

/// Reads a task document. An error says what is wrong with it.
pub(super) fn parse_task(bytes: &[u8]) -> Result<TaskDocument, String> {
    parse(bytes).map(|(document, _)| document)
}

/// Returns the document, and the keys in it that are unknown.
pub(super) fn parse(bytes: &[u8]) -> Result<(TaskDocument, Vec<String>), String> {
    let text = repaired_json(bytes);
    if text.trim().is_empty() {
        return Ok((TaskDocument::default(), Vec::new()));
    }
    let mut value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    shape(&value)?;
    let mut unknown = Vec::new();
    if let Value::Object(top) = &mut value {
        top.retain(|_, value| !value.is_null());
        for (name, keys) in [("task", TASK), ("heartbeat", HEARTBEAT)] {
            if let Some(Value::Object(table)) = top.get_mut(name) {
                settle(table, keys, &format!("{name}."), &mut unknown);
            }
        }
        settle(top, TOP, "", &mut unknown);
    }
    let document: TaskDocument =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    match document.schema.as_deref() {
        None | Some(TaskDocument::SCHEMA) => Ok((document, unknown)),
        Some(other) => Err(format!(
            "its schema is `{}`, and this version reads `{}`",
            other.escape_debug(),
            TaskDocument::SCHEMA
        )),
    }
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Truth,
    /// A number that may be a fraction.
    Number,
    /// A whole number, 0 or more.
    Count,
    /// A whole number.
    Whole,
    Other,
}

/// The keys of each table.
const TOP: &[(&str, Holds)] = &[
    ("schema", Holds::Text),
    ("task", Holds::Other),
    ("executor", Holds::Text),
    ("heartbeat", Holds::Other),
];
/// See [`TOP`].
const TASK: &[(&str, Holds)] = &[
    ("id", Holds::Text),
    ("input", Holds::Text),
    ("response", Holds::Text),
    ("ok", Holds::Truth),
    ("error", Holds::Text),
    ("stderr", Holds::Text),
    ("exit_code", Holds::Whole),
];
/// See [`TOP`].
const HEARTBEAT: &[(&str, Holds)] = &[
    ("current_task", Holds::Text),
    ("active_tasks", Holds::Count),
    ("error_rate", Holds::Number),
    ("sample_error", Holds::Text),
    ("uptime_seconds", Holds::Count),
];

/// Takes the keys out that are unknown, and makes of each value what its key holds, where a caller wrote it as another kind.
fn settle(
    table: &mut Map<String, Value>,
    keys: &[(&str, Holds)],
    before: &str,
    unknown: &mut Vec<String>,
) {
    table.retain(|key, value| {
        let Some((_, holds)) = keys.iter().find(|(name, _)| name == key) else {
            let shown: String = key.chars().take(LONGEST_KEY).collect();
            unknown.push(format!("{before}{}", shown.escape_debug()));
            return false;
        };
        if let Some(meant) = meant(*holds, value) {
            *value = meant;
        }
        true
    });
}

/// Returns what a value means where its key holds another kind: shells write everything as text, and `str(True)` of Python
/// is `True`. Returns `None` where it is right, or means nothing of the kind.
fn meant(holds: Holds, value: &Value) -> Option<Value> {
    match (holds, value) {
        (Holds::Text, Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Some(Value::String(value.to_string()))
        }
        (Holds::Truth, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (Holds::Truth, Value::Number(number)) => match number.as_u64() {
            Some(1) => Some(Value::Bool(true)),
            Some(0) => Some(Value::Bool(false)),
            _ => None,
        },
        (Holds::Number | Holds::Count | Holds::Whole, Value::String(text)) => {
            let number = Value::Number(text.trim().parse().ok()?);
            Some(meant(holds, &number).unwrap_or(number))
        }
        (Holds::Count, Value::Number(number)) if !number.is_u64() => {
            Some(whole(number.as_f64()?).max(0).into())
        }
        (Holds::Whole, Value::Number(number)) if !number.is_i64() => {
            Some(whole(number.as_f64()?).into())
        }
        _ => None,
    }
}

/// Cuts the fraction off, as of the seconds that clocks of scripts tell.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number out of range becomes the nearest one"
)]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// Checks that the document and what it nests are objects.
fn shape(value: &Value) -> Result<(), String> {
    let Value::Object(top) = value else {
        return Err(format!("it is {}, and must be an object", kind(value)));
    };
    for key in ["task", "heartbeat"] {
        match top.get(key) {
            None | Some(Value::Object(_) | Value::Null) => {}
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

#[cfg(test)]
mod tests {
    use super::{TaskDocument, parse};

    #[test]
    fn nothing_is_a_document_with_every_key_absent() {
        for empty in ["", " \n\t", "{}", "\u{feff}{}"] {
            let (document, unknown) = parse(empty.as_bytes()).unwrap();
            assert_eq!(document, TaskDocument::default());
            assert!(unknown.is_empty());
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
                "{\"task\": {\"ok\": [5]}}",
                "invalid type: sequence, expected a boolean",
            ),
            (
                "{\"task\"",
                "EOF while parsing an object at line 1 column 7",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), wanted, "{text}");
        }
    }

    #[test]
    fn unknown_keys_are_named_and_numbers_become_texts() {
        let text = r#"{"colour": 1, "task": {"id": 7, "input": 1.5, "response": true, "more": {}, "ok": false},
            "heartbeat": {"current_task": 3, "x": 1}}"#;
        let (document, unknown) = parse(text.as_bytes()).unwrap();
        assert_eq!(unknown, ["task.more", "heartbeat.x", "colour"]);
        assert_eq!(document.task.id.as_deref(), Some("7"));
        assert_eq!(document.task.input.as_deref(), Some("1.5"));
        assert_eq!(document.task.response.as_deref(), Some("true"));
        assert_eq!(document.task.ok, Some(false));
        let heartbeat = document.heartbeat.unwrap();
        assert_eq!(heartbeat.current_task.as_deref(), Some("3"));
    }

    #[test]
    fn truths_and_numbers_may_be_written_as_texts() {
        for (ok, wanted) in [
            ("\"true\"", true),
            ("\"False\"", false),
            ("1", true),
            ("0", false),
        ] {
            let text = format!(
                "{{\"task\": {{\"ok\": {ok}, \"exit_code\": \" 3\"}}, \"heartbeat\": {{\"error_rate\": \"0.5\"}}}}"
            );
            let (document, _) = parse(text.as_bytes()).unwrap();
            assert_eq!(document.task.ok, Some(wanted), "{text}");
            assert_eq!(document.task.exit_code, Some(3));
            assert_eq!(document.heartbeat.unwrap().error_rate, Some(0.5));
        }
        for bad in [
            "{\"task\": {\"ok\": \"maybe\"}}",
            "{\"task\": {\"ok\": 2}}",
            "{\"task\": {\"exit_code\": \"three\"}}",
        ] {
            parse(bad.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn what_scripts_and_clocks_write_costs_no_task() {
        let text = r#"{"task": {"input": {"parts": [1]}, "exit_code": 1.0, "response": ["a"]}, "executor": null,
            "heartbeat": {"active_tasks": -1, "uptime_seconds": 12.7, "error_rate": NaN}}"#;
        let (document, _) = parse(text.as_bytes()).unwrap();
        assert_eq!(document.task.input.as_deref(), Some(r#"{"parts":[1]}"#));
        assert_eq!(document.task.response.as_deref(), Some(r#"["a"]"#));
        assert_eq!(document.task.exit_code, Some(1));
        let heartbeat = document.heartbeat.unwrap();
        assert_eq!(heartbeat.active_tasks, Some(0));
        assert_eq!(heartbeat.uptime_seconds, Some(12));
        assert_eq!(heartbeat.error_rate, None);
        let (document, _) = parse(br#"{"task": null, "heartbeat": null}"#).unwrap();
        assert_eq!(document, TaskDocument::default());
        let text = r#"{"task": {"exit_code": 99999999999999999999}, "heartbeat": {"uptime_seconds": "3.5"}}"#;
        let (document, _) = parse(text.as_bytes()).unwrap();
        assert_eq!(document.task.exit_code, Some(i64::MAX));
        assert_eq!(document.heartbeat.unwrap().uptime_seconds, Some(3));
        let (document, _) = parse(b"{\"task\": {\"input\": \"one\ntwo\"}}").unwrap();
        assert_eq!(document.task.input.as_deref(), Some("one\ntwo"));
    }

    #[test]
    fn half_an_emoji_is_no_reason_to_lose_a_task() {
        let text = r#"{"task": {"input": "cut here \ud83d", "ok": false}}"#;
        let (document, _) = parse(text.as_bytes()).unwrap();
        assert_eq!(document.task.input.as_deref(), Some("cut here \u{fffd}"));
        assert_eq!(document.task.ok, Some(false));
    }
}
