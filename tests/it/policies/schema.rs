//! The schema and the page, from the types.

use std::path::{Path, PathBuf};

use sendoff::manual::policy_page::policy_page;
use sendoff::manual::schema::policy_schema;
use sendoff_testing::supervise;
use serde_json::Value;

use super::KINDS;

/// Returns the TOML files of a directory of the project.
fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let files = std::fs::read_dir(directory).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

fn as_json(text: &str) -> Value {
    let table: toml::Table = text.trim_start_matches('\u{feff}').parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_schema_accepts_every_policy_that_the_parser_accepts() {
    supervise!();
    let schema = policy_schema(KINDS);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for path in files("policies")
        .into_iter()
        .chain(files("tests/policies/valid"))
    {
        let policy = as_json(&std::fs::read_to_string(&path).unwrap());
        let errors: Vec<String> = validator
            .iter_errors(&policy)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_only_one_file_gets_wrong() {
    supervise!();
    let schema = policy_schema(KINDS);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    // What a schema cannot say: order, versions, other layers, names that are defined elsewhere.
    let beyond = [
        "syntax-",
        "repository-",
        "command-",
        "requires-newer",
        "step-twice",
        "step-unknown-in",
        "step-unknown-table",
        "step-template",
        "pattern-open",
        "pattern-full",
        "base-",
        "branch-name",
        "duration-of",
        "size-of",
        "url-with-password",
        "unprotect-",
        "user-trusts-no-environment",
        "schedule-cron",
        "schedule-name",
        "schedule-prompt",
        "schedule-relative",
        "schedule-timezone",
        "schedule-twice",
        "schedule-with",
        "database-password",
    ];
    for path in files("tests/policies/invalid") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if beyond.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let policy = as_json(&std::fs::read_to_string(&path).unwrap());
        assert!(!validator.is_valid(&policy), "{name}");
    }
}

#[test]
fn every_key_has_a_class_and_a_doc_line() {
    fn check(path: &str, table: &Value) {
        let Some(Value::Object(properties)) = table.get("properties") else {
            return;
        };
        for (key, value) in properties {
            let path = format!("{path}.{key}");
            let is_name = path.starts_with(".pipelines.")
                || path.matches('.').count() == 2 && path.starts_with(".steps.");
            if !is_name {
                assert!(value["x-class"].is_string(), "{path} has no class");
            }
            assert!(
                path.starts_with(".pipelines.") || value["description"].is_string(),
                "{path} has no doc line"
            );
            check(&path, value);
            check(&path, value.get("items").unwrap_or(&Value::Null));
        }
    }
    supervise!();
    check("", &policy_schema(KINDS));
}

#[test]
fn the_schema_names_the_steps_and_the_defaults() {
    supervise!();
    let schema = policy_schema(KINDS);
    let at = |pointer: &str| schema.pointer(pointer).unwrap().clone();
    assert_eq!(at("/properties/limits/properties/deadline/default"), "120s");
    assert_eq!(
        at("/properties/limits/properties/deadline/x-class"),
        "A downwards"
    );
    assert_eq!(
        at("/properties/steps/properties/pr-create/properties/draft/x-class"),
        "B; `always`: A"
    );
    assert_eq!(
        at("/properties/steps/properties/push/properties/enabled/x-shared"),
        true
    );
    assert_eq!(
        at("/properties/pipelines/properties/post-commit/default"),
        serde_json::json!(["push", "pr-create"])
    );
    let names = at("/properties/pipelines/additionalProperties/items/anyOf/0/anyOf/0/enum");
    assert_eq!(names[4], "push");
}

#[test]
fn the_page_shows_every_key() {
    supervise!();
    insta::assert_snapshot!(policy_page(KINDS));
}
