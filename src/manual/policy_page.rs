//! `policy.md`, from the policy's schema.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::pipeline::StepDef;

use super::schema::policy_schema;

/// The introduction: how values are written, and what the classes mean.
const INTRODUCTION: &str = "\
# Policy

A policy is TOML. Every key has a default. Durations are text such as `10s`, `2m` or `1h30m`, sizes such as \
`200MB` or `64KiB`; globs are git's: `*` stops at a slash, `**` does not.

The class of a key says which layers may set it. The built-in, system and user policies and the command \
line may set every key.

| class | may also be set by |
| --- | --- |
| A | the repository's `.sendoff.toml` |
| A downwards | the repository's `.sendoff.toml`, to less than the value of the other layers |
| B; `x`: A | the repository's `.sendoff.toml`, to the value `x` only |
| B, C, D | no other layer |
";

/// Returns the page, in Markdown.
pub fn policy_page(kinds: &[StepDef]) -> String {
    let schema = policy_schema(kinds);
    let mut page = String::from(INTRODUCTION);
    let tables = properties(&schema);
    let plain = tables
        .iter()
        .filter(|(_, table)| properties(table).is_empty());
    let plain: Map<String, Value> = plain
        .map(|(key, table)| (key.clone(), table.clone()))
        .collect();
    rows(&mut page, &plain);
    for (name, table) in &tables {
        let keys = properties(table);
        if !keys.is_empty() {
            section(&mut page, 2, name, table);
            match name.as_str() {
                "steps" => steps(&mut page, &keys),
                _ => rows(&mut page, &keys),
            }
        }
        let elements = table.get("items").unwrap_or(&Value::Null);
        if !properties(elements).is_empty() {
            section(&mut page, 2, name, elements);
            rows(&mut page, &properties(elements));
        }
        for (key, value) in &keys {
            let elements = value.get("items").unwrap_or(&Value::Null);
            if !properties(elements).is_empty() {
                section(&mut page, 3, &format!("{name}.{key}"), elements);
                rows(&mut page, &properties(elements));
            }
        }
    }
    page
}

/// Writes the keys that all steps share once, then the keys of each kind.
fn steps(page: &mut String, kinds: &Map<String, Value>) {
    let is_shared = |value: &Value| value.get("x-shared") == Some(&Value::Bool(true));
    let shared = kinds.values().next().map(properties).unwrap_or_default();
    let shared: Map<String, Value> = shared
        .into_iter()
        .filter(|(_, value)| is_shared(value))
        .collect();
    page.push_str("\nThe keys that every step has:\n");
    rows(page, &shared);
    for (name, kind) in kinds {
        section(page, 3, &format!("steps.{name}"), kind);
        let own = properties(kind).into_iter();
        rows(page, &own.filter(|(_, value)| !is_shared(value)).collect());
    }
}

/// Writes a heading and the table's description.
fn section(page: &mut String, level: usize, name: &str, table: &Value) {
    let hashes = "#".repeat(level);
    let about = text(table, "description");
    // Writing to a `String` cannot fail.
    let _ = write!(
        page,
        "\n{hashes} `{name}`\n\n{}\n",
        about.trim_end_matches('.').to_owned() + "."
    );
}

/// Writes a Markdown table with one row for each key.
fn rows(page: &mut String, keys: &Map<String, Value>) {
    if keys.is_empty() {
        page.push_str("\nIt has no keys of its own.\n");
        return;
    }
    page.push_str("\n| key | type | default | class | what |\n| --- | --- | --- | --- | --- |\n");
    for (key, schema) in keys {
        let default = schema
            .get("default")
            .map(|value| format!("`{}`", to_toml(value)));
        let cells = [
            format!("`{key}`"),
            type_of(schema),
            default.unwrap_or_default(),
            text(schema, "x-class").to_owned(),
            what(schema),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| cell_of(cell)).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

/// Returns the doc line of a key, followed by those of its possible values.
fn what(schema: &Value) -> String {
    let mut what = text(schema, "description").to_owned();
    for word in list(schema, "oneOf") {
        if let Some(name) = word.get("const").and_then(Value::as_str) {
            let _ = write!(what, " `{name}`: {}", text(word, "description"));
        }
    }
    what
}

/// Returns the TOML type of a value.
fn type_of(schema: &Value) -> String {
    let words = list(schema, "oneOf")
        .iter()
        .filter_map(|word| word.get("const"));
    let words: Vec<String> = words
        .chain(list(schema, "enum"))
        .map(|word| format!("`{}`", to_toml(word)))
        .collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    if !text(schema, "title").is_empty() {
        return text(schema, "title").to_owned();
    }
    match text(schema, "type") {
        "array" => {
            let elements = schema.get("items").unwrap_or(&Value::Null);
            match type_of(elements).as_str() {
                "" => "array of names and groups".to_owned(),
                elements => format!("array of {elements}"),
            }
        }
        "object" => "table".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}

/// Formats a default as TOML.
fn to_toml(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(to_toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(_) => "{}".to_owned(),
        // JSON and TOML write strings, numbers and booleans alike.
        other => other.to_string(),
    }
}

/// Escapes a text for a cell of a Markdown table.
fn cell_of(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn properties(schema: &Value) -> Map<String, Value> {
    let found = schema.get("properties").and_then(Value::as_object);
    found.cloned().unwrap_or_default()
}
