//! The schemas of `docs/reference`, which documents have to fit.

use std::path::Path;

use serde_json::Value;

/// Asserts that a document fits the published schema of a name.
pub(crate) fn assert_fits(name: &str, document: &Value) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let file = directory.join(format!("{name}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{document}");
}
