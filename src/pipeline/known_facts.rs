//! The facts that exist, from the schema of their types. Templates are checked against it before a run.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::facts::Facts;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(Facts).to_value());

/// Describes the first part of a dotted path that no fact has, and the facts at that place; `None` where the path exists.
pub(super) fn missing_fact(path: &str) -> Option<String> {
    let root = &*SCHEMA;
    let mut level = root;
    let mut above = String::new();
    for part in path.split('.') {
        let properties = level.get("properties").and_then(Value::as_object);
        let next = match properties.filter(|properties| !properties.is_empty()) {
            Some(properties) => match properties.get(part) {
                Some(next) => next,
                None => return Some(missing(&above, part, properties)),
            },
            // The only table with arbitrary keys is `steps`, whose names are checked elsewhere.
            None => match level.get("additionalProperties") {
                Some(next) if next.is_object() => next,
                Some(_) => return None,
                None => return Some(format!("`{above}` has no `{part}`")),
            },
        };
        level = unfold(root, next);
        if !above.is_empty() {
            above.push('.');
        }
        above.push_str(part);
    }
    None
}

/// Resolves references and optional types.
fn unfold<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return root.pointer(name.trim_start_matches('#')).unwrap_or(schema);
    }
    let any = schema.get("anyOf").and_then(Value::as_array);
    match any.and_then(|any| any.first()) {
        Some(first) => unfold(root, first),
        None => schema,
    }
}

fn missing(above: &str, part: &str, properties: &Map<String, Value>) -> String {
    let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
    names.sort_unstable();
    let place = if above.is_empty() {
        format!("there is no `{part}`")
    } else {
        format!("`{above}` has no `{part}`")
    };
    format!("{place}; there is: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_to_a_fact_is_not_missing() {
        for path in [
            "task",
            "task.input",
            "repo.commits",
            "repo.branch",
            "steps",
            "steps.push.outputs.action",
            "steps.push.outputs.a.b",
            "run.id",
        ] {
            assert_eq!(missing_fact(path), None, "{path}");
        }
    }

    #[test]
    fn a_missing_fact_is_described_with_those_that_exist() {
        for (path, wanted) in [
            (
                "tsk.input",
                "there is no `tsk`; there is: repo, run, steps, task, trigger",
            ),
            ("run.number", "`run` has no `number`; there is: id"),
            ("trigger.name", "`trigger` has no `name`"),
            (
                "steps.push.output",
                "`steps.push` has no `output`; there is: outputs, summary, verdict",
            ),
        ] {
            assert_eq!(missing_fact(path).as_deref(), Some(wanted), "{path}");
        }
    }
}
