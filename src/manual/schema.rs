//! `policy.schema.json`, from the types of the policy and of every step.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::pipeline::StepDef;
use crate::policy::{
    Classed, KeyClass, PipelineTable, Policy, StepSettings, TABLE_CLASSES, class_of, file_schema,
};

/// The pattern of a step's or a pipeline's name.
const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$";

type Classes = &'static [(&'static str, KeyClass)];

/// Returns the schema of a policy file (draft 2020-12) with the steps of these kinds.
///
/// Besides the standard keywords, each key has its class as `x-class`, and the keys that all steps
/// share are marked `x-shared`.
pub fn policy_schema(kinds: &[StepDef]) -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut generator = settings.into_generator();
    let mut schema = tidied(file_schema(&mut generator));
    let mut root = Map::new();
    root.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    root.insert("title".into(), "sendoff policy".into());
    if let Value::Object(keys) = &mut schema {
        root.append(keys);
    }
    let mut schema = Value::Object(root);
    for (table, classes) in TABLE_CLASSES {
        if let Some(table) = table_at(&mut schema, table) {
            mark(table, classes);
        }
    }
    set(&mut schema, "pipelines", pipelines(kinds));
    set(&mut schema, "steps", steps(kinds, &mut generator));
    schema
}

/// Returns every key that has a default, in the order of the schema, with the default as TOML.
pub fn defaults(kinds: &[StepDef]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let schema = policy_schema(kinds);
    add_defaults(&schema, "", &mut found);
    found
}

/// Adds the defaults of the keys of a table, whose path is `table`.
fn add_defaults(schema: &Value, table: &str, found: &mut Vec<(String, String)>) {
    let keys = schema.get("properties").and_then(Value::as_object);
    for (name, key) in keys.into_iter().flatten() {
        let path = if table.is_empty() {
            name.clone()
        } else {
            format!("{table}.{name}")
        };
        if key.get("properties").is_some() {
            add_defaults(key, &path, found);
        } else if let Some(default) = key.get("default")
            && let Ok(value) = toml::Value::try_from(default)
        {
            let on_one_line = match value.as_str() {
                // What JSON escapes, TOML reads likewise.
                Some(_) => default.to_string(),
                None => value.to_string(),
            };
            found.push((path, on_one_line));
        }
    }
}

/// Replaces the schema of a top-level table, but keeps its description and class.
fn set(schema: &mut Value, table: &str, replacement: Value) {
    let Some(Value::Object(old)) = schema.pointer_mut(&format!("/properties/{table}")) else {
        return;
    };
    let Value::Object(new) = replacement else {
        return;
    };
    old.retain(|key, _| matches!(key.as_str(), "description" | "x-class"));
    old.extend(new);
}

/// Returns the schema of the table `pipelines`.
fn pipelines(kinds: &[StepDef]) -> Value {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    // The names of the built-in steps are listed so that an editor can complete them.
    let step =
        json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": NAME_PATTERN }] });
    let group = json!({ "type": "array", "minItems": 1, "items": step });
    let pipeline = json!({ "type": "array", "items": { "anyOf": [step, group] } });
    let policy = Policy::default();
    let tables = policy
        .pipeline_names()
        .filter_map(|name| policy.pipeline(name));
    let built_in = tables.map(|table| {
        let mut schema = pipeline.clone();
        if let Value::Object(schema) = &mut schema {
            schema.insert("default".into(), as_written(table));
            schema.insert("x-class".into(), KeyClass::B.to_string().into());
        }
        (table.name.clone(), schema)
    });
    let built_in: Map<String, Value> = built_in.collect();
    json!({
        "type": "object",
        "properties": built_in,
        "propertyNames": { "pattern": NAME_PATTERN },
        "additionalProperties": pipeline,
    })
}

/// Returns a pipeline as a policy file writes it: a group of one step is its name.
fn as_written(table: &PipelineTable) -> Value {
    let groups = table.groups.iter().map(|group| {
        let names: Vec<Value> = group.iter().map(|step| step.name.clone().into()).collect();
        match names.as_slice() {
            [only] => only.clone(),
            _ => Value::Array(names),
        }
    });
    groups.collect()
}

/// Returns the schema of the table `steps`.
fn steps(kinds: &[StepDef], generator: &mut SchemaGenerator) -> Value {
    let mut named = Map::new();
    let mut cases = Vec::new();
    for kind in kinds {
        let mut closed = step(kind, generator);
        if let Some(Value::Object(uses)) = closed.pointer_mut("/properties/uses") {
            uses.insert("const".into(), kind.name.into());
        }
        cases.push(json!({
            "if": { "properties": { "uses": { "const": kind.name } }, "required": ["uses"] },
            "then": closed,
        }));
        named.insert(kind.name.into(), closed);
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    // Another layer may set `uses` of a user's own step: then its keys are not known here.
    let own = json!({
        "description": "A step of your own: `uses` names its kind.",
        "type": "object",
        "properties": { "uses": { "enum": names } },
        "allOf": cases,
    });
    json!({
        "type": "object",
        "properties": named,
        "propertyNames": { "pattern": NAME_PATTERN },
        "additionalProperties": own,
    })
}

/// Returns the schema of a step of one kind: its own keys, then those that all steps share.
fn step(kind: &StepDef, generator: &mut SchemaGenerator) -> Value {
    let mut schema = tidied(kind.schema(generator));
    mark(&mut schema, kind.classes());
    let mut shared = tidied(StepSettings::json_schema(generator));
    mark(&mut shared, StepSettings::CLASSES);
    let Value::Object(table) = &mut schema else {
        return schema;
    };
    table.insert("description".into(), kind.about.into());
    table.insert("additionalProperties".into(), false.into());
    let own = table.entry("properties").or_insert_with(|| json!({}));
    if let (Value::Object(own), Some(Value::Object(shared))) = (own, shared.get("properties")) {
        for (key, value) in shared {
            let mut value = value.clone();
            if let Value::Object(value) = &mut value {
                value.insert("x-shared".into(), true.into());
            }
            own.insert(key.clone(), value);
        }
    }
    schema
}

/// Returns the schema of a table by its dotted path; for an array of tables, that of its elements.
fn table_at<'a>(schema: &'a mut Value, table: &str) -> Option<&'a mut Value> {
    let mut found = schema;
    for key in table.split('.').filter(|key| !key.is_empty()) {
        found = found.get_mut("properties")?.get_mut(key)?;
        if found.get("items").is_some() {
            found = found.get_mut("items")?;
        }
    }
    Some(found)
}

/// Sets the class of each property.
fn mark(table: &mut Value, classes: Classes) {
    let Some(Value::Object(properties)) = table.get_mut("properties") else {
        return;
    };
    for (key, property) in properties {
        if let (Value::Object(property), Some(class)) = (property, class_of(classes, key)) {
            property.insert("x-class".into(), class.to_string().into());
        }
    }
}

/// Removes `null`, which TOML does not have: a key is absent instead.
fn tidied(schema: schemars::Schema) -> Value {
    let mut schema = schema.to_value();
    tidy(&mut schema);
    schema
}

fn tidy(value: &mut Value) {
    match value {
        Value::Object(table) => {
            if table.get("default") == Some(&Value::Null) {
                table.shift_remove("default");
            }
            if let Some(Value::Array(types)) = table.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    table.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(cases)) = table.get_mut("anyOf") {
                cases.retain(|case| case.get("type") != Some(&"null".into()));
                if let [Value::Object(only)] = cases.as_slice() {
                    let only = only.clone();
                    table.shift_remove("anyOf");
                    for (key, value) in only {
                        table.entry(key).or_insert(value);
                    }
                }
            }
            table.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}
