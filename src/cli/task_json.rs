//! The task document as callers write it: unknown keys are named, values that shells and scripts write as another kind are
//! taken for what they mean, and one that means nothing costs its key and not the task.

use serde::Deserialize as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::pipeline::TaskDocument;
use crate::text::repaired_json;

use super::task_table::{Keys, TABLES, TOP, Table};
use super::task_value::meant;

/// How much of an unknown key is shown, in characters.
const LONGEST_KEY: usize = 60;
/// How many unknown keys are named.
const MOST_SHOWN: usize = 20;

/// What was read of a task document.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ReadTask {
    pub(super) document: TaskDocument,
    /// The keys that are unknown, each once, as far as they are named.
    unknown: Vec<String>,
    /// How many more there are.
    more_unknown: usize,
    /// The keys whose values were left out, and why.
    left_out: Vec<String>,
}

/// Reads a task document, which ends where its object ends. An error says what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<ReadTask, String> {
    let text = repaired_json(bytes);
    if text.trim().is_empty() {
        return Ok(ReadTask::default());
    }
    let mut values = serde_json::Deserializer::from_str(&text);
    let object = <&RawValue>::deserialize(&mut values).map_err(|error| error.to_string())?;
    let top = Table::of(object)
        .ok_or_else(|| format!("it is {}, and must be an object", kind(object)))?;
    let mut read = ReadTask::default();
    let mut document = Map::new();
    for (name, keys) in TABLES {
        let Some(value) = top.get(name) else { continue };
        match Table::of(value) {
            Some(table) => {
                let table = read.settled(&table, keys, &format!("{name}."));
                document.insert(name.to_owned(), table.into());
            }
            None if kind(value) == "null" => {}
            // A task without its heartbeat is worth more than none.
            None if name == "heartbeat" => read.leave_out(name, value, "an object"),
            None => {
                return Err(format!(
                    "`{name}` is {}, and must be an object",
                    kind(value)
                ));
            }
        }
    }
    let rest = read.settled(&top, TOP, "");
    document.extend(rest);
    read.document = serde_json::from_value(document.into()).map_err(|error| error.to_string())?;
    match read.document.schema.as_deref() {
        None | Some(TaskDocument::SCHEMA) => Ok(read),
        Some(other) => Err(format!(
            "its schema is `{}`, and this version reads `{}`",
            other.escape_debug(),
            TaskDocument::SCHEMA
        )),
    }
}

impl ReadTask {
    /// Says which values of the input called `name` are left out; nothing where none is.
    pub(super) fn told_left_out(&self, name: &str) -> Option<String> {
        let keys = self.left_out.join("; ");
        (!keys.is_empty()).then(|| format!("a part of {name} is left out: {keys}"))
    }

    /// Lists the unknown keys; nothing where there is none.
    pub(super) fn told_unknown(&self) -> Option<String> {
        let shown: Vec<&str> = self.unknown.iter().map(String::as_str).collect();
        match (shown.as_slice(), self.more_unknown) {
            ([], _) => None,
            (_, 0) => Some(shown.join(", ")),
            (_, more) => Some(format!("{}, and {more} more", shown.join(", "))),
        }
    }

    /// Returns the values of the keys that are known, as their keys hold them, and notes the others.
    fn settled(&mut self, table: &Table<'_>, keys: Keys, before: &str) -> Map<String, Value> {
        let mut settled = Map::new();
        for (key, holds) in keys {
            let Some(written) = table.get(key) else {
                continue;
            };
            match meant(*holds, written) {
                Ok(Value::Null) => {}
                Ok(value) => drop(settled.insert((*key).to_owned(), value)),
                Err(wanted) => self.leave_out(&format!("{before}{key}"), written, wanted),
            }
        }
        for (key, _) in &table.entries {
            let is_table = before.is_empty() && TABLES.iter().any(|(name, _)| name == key);
            if !is_table && !keys.iter().any(|(name, _)| name == key) {
                self.note_unknown(key, before);
            }
        }
        self.more_unknown = self.more_unknown.saturating_add(table.more);
        settled
    }

    fn note_unknown(&mut self, key: &str, before: &str) {
        if self.unknown.len() == MOST_SHOWN {
            self.more_unknown = self.more_unknown.saturating_add(1);
            return;
        }
        let shown: String = key.chars().take(LONGEST_KEY).collect();
        self.unknown
            .push(format!("{before}{}", shown.escape_debug()));
    }

    fn leave_out(&mut self, key: &str, written: &RawValue, wanted: &str) {
        let kind = kind(written);
        self.left_out
            .push(format!("`{key}` is {kind}, and must be {wanted}"));
    }
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_document_with_every_key_absent() {
        for empty in [
            "",
            " \n\t",
            "{}",
            "\u{feff}{}",
            r#"{"task": null, "heartbeat": null}"#,
        ] {
            assert_eq!(parse(empty.as_bytes()), Ok(ReadTask::default()), "{empty}");
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
                "{\"task\"",
                "EOF while parsing an object at line 1 column 7",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), wanted, "{text}");
        }
    }

    #[test]
    fn unknown_keys_are_named_and_numbers_become_texts() {
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let text = format!(
            r#"{{"colour": {deep}, "task": {{"id": 12345678901234567890123, "input": 1.5, "response": true, "more": {{}},
            "ok": false}}, "heartbeat": {{"current_task": 3, "x": 1}}}} {{"task": "more"}}"#
        );
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(read.unknown, ["task.more", "heartbeat.x", "colour"]);
        assert_eq!(read.left_out, [""; 0]);
        let task = read.document.task;
        assert_eq!(task.id.as_deref(), Some("12345678901234567890123"));
        assert_eq!(task.input.as_deref(), Some("1.5"));
        assert_eq!(task.response.as_deref(), Some("true"));
        assert_eq!(task.ok, Some(false));
        let heartbeat = read.document.heartbeat.unwrap();
        assert_eq!(heartbeat.current_task.as_deref(), Some("3"));
    }

    #[test]
    fn of_several_the_last_one_counts_and_is_judged_alone() {
        let read = parse(br#"{"task": {"ok": true, "ok": "maybe"}}"#).unwrap();
        let wanted = ["`task.ok` is a string, and must be true or false"];
        assert_eq!(read.left_out, wanted);
        assert_eq!(read.document.task.ok, None);
        let read = parse(br#"{"task": {"ok": "maybe", "ok": true}}"#).unwrap();
        assert_eq!(read.told_left_out("x"), None);
        assert_eq!(read.document.task.ok, Some(true));
    }

    /// Guards that a document of nothing but slips does not fill the memory and the report.
    #[test]
    fn what_is_told_has_a_limit() {
        let bad = r#""ok": [], "colour": 1, "#.repeat(10_000);
        let other: Vec<String> = (0..100).map(|n| format!(r#""x{n}": 1, "#)).collect();
        let other = other.concat();
        let read = parse(format!(r#"{{"task": {{{bad}{other} "input": "A"}}}}"#).as_bytes());
        let read = read.unwrap();
        let told = read.told_left_out("x").unwrap();
        let wanted = "a part of x is left out: `task.ok` is an array, and must be true or false";
        assert_eq!(told, wanted);
        let told = read.told_unknown().unwrap();
        assert!(told.starts_with("task.colour, task.x0, "), "{told}");
        assert!(told.ends_with(", task.x18, and 81 more"), "{told}");
        assert_eq!(read.document.task.input.as_deref(), Some("A"));
    }

    /// Guards that a slip beside the task does not lose it.
    #[test]
    fn a_value_that_means_nothing_costs_its_key_and_not_the_task() {
        let text = r#"{"task": {"input": "Fix it", "ok": "maybe", "exit_code": "SIGKILL"},
            "heartbeat": {"active_tasks": [], "error_rate": "n/a", "current_task": "x"}}"#;
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(
            read.left_out,
            [
                "`task.ok` is a string, and must be true or false",
                "`task.exit_code` is a string, and must be a whole number",
                "`heartbeat.active_tasks` is an array, and must be a whole number",
                "`heartbeat.error_rate` is a string, and must be a number",
            ]
        );
        assert_eq!(read.document.task.input.as_deref(), Some("Fix it"));
        assert_eq!(
            (read.document.task.ok, read.document.task.exit_code),
            (None, None)
        );
        assert!(read.document.heartbeat.is_some());
        let read = parse(br#"{"task": {"input": "Fix it"}, "heartbeat": "now"}"#).unwrap();
        let wanted = ["`heartbeat` is a string, and must be an object"];
        assert_eq!(read.left_out, wanted);
        assert_eq!(read.document.task.input.as_deref(), Some("Fix it"));
    }

    #[test]
    fn what_scripts_and_clocks_write_costs_no_task() {
        let text = r#"{"task": {"input": "A", "id": null}, "task": {"input": "one
two \ud83d", "exit_code": 1.0, "response": ["a"]}, "executor": null,
            "heartbeat": {"active_tasks": -1, "uptime_seconds": 12.7, "error_rate": NaN}}"#;
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!((read.unknown.len(), read.left_out.len()), (0, 0));
        let (task, heartbeat) = (read.document.task, read.document.heartbeat.unwrap());
        assert_eq!(task.input.as_deref(), Some("one\ntwo \u{fffd}"));
        assert_eq!(task.response.as_deref(), Some(r#"["a"]"#));
        assert_eq!(task.exit_code, Some(1));
        assert_eq!(heartbeat.active_tasks, Some(0));
        assert_eq!(heartbeat.uptime_seconds, Some(12));
        assert_eq!(heartbeat.error_rate, None);
    }
}
