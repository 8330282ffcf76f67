//! `facts.md` and `task.schema.json`: what templates can use, and what a caller passes in.

use std::fmt::Write;

use serde_json::Value;

use crate::pipeline::{Facts, TaskDocument};

/// Returns the schema of the task document.
pub(super) fn task_schema() -> String {
    let mut schema = schemars::schema_for!(TaskDocument);
    schema.insert("title".into(), TaskDocument::SCHEMA.into());
    super::pretty(&schema.to_value())
}

pub(super) fn page() -> String {
    let schema = schemars::schema_for!(Facts).to_value();
    let mut page = format!(
        "{}# Facts\n\nWhat templates and `when` conditions can use. A fact that is absent is defined as `none`; a name \
         that is not listed here is an error.\n\n| fact | type | what |\n| --- | --- | --- |\n",
        super::GENERATED
    );
    rows(&mut page, &schema, &schema, "");
    page.push_str(
        "\n## Filters\n\nBesides minijinja's own:\n\n| filter | does |\n| --- | --- |\n\
         | `redact` | replaces every secret whose format sendoff knows with `[REDACTED]` |\n\
         | `truncate(n)` | the first n code points, nothing appended |\n\
         | `oneline` | replaces each run of white space with one space, and trims the ends |\n\n\
         Redact before you truncate: a token that is cut in half is not recognised.\n",
    );
    page
}

/// Writes a row for each leaf of `schema`.
fn rows(page: &mut String, root: &Value, schema: &Value, prefix: &str) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (name, property) in properties {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let (path, inner) = unfold(root, property, path);
        if inner
            .get("properties")
            .is_some_and(|p| p.as_object().is_some_and(|p| !p.is_empty()))
        {
            rows(page, root, inner, &path);
            continue;
        }
        let doc = property
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            page,
            "| `{path}` | {} | {} |",
            kind(property),
            doc.replace('\n', " ")
        );
    }
}

/// Resolves references, optional types, arrays and maps to the type with the properties.
fn unfold<'a>(root: &'a Value, schema: &'a Value, path: String) -> (String, &'a Value) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let found = root.pointer(name.trim_start_matches('#')).unwrap_or(schema);
        return (path, found);
    }
    if let Some(first) = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .and_then(|any| any.first())
    {
        return unfold(root, first, path);
    }
    if let Some(items) = schema.get("items") {
        return unfold(root, items, path + "[]");
    }
    match schema.get("additionalProperties") {
        Some(values) if values.is_object() => unfold(root, values, path + "[name]"),
        _ => (path, schema),
    }
}

/// Returns the JSON type of a leaf.
fn kind(schema: &Value) -> String {
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ") + " or none"
        }
        _ => "object".into(),
    }
}
