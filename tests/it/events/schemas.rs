//! GitHub's schemas of its webhooks, beside our reading of them. `.ci/webhooks` fetches them.

use std::collections::BTreeMap;

use pretty_assertions::assert_eq;
use sendoff::events::Source;
use serde_json::{Value, json};

use super::recorded::{examples, fetched};
use super::{delivery, github};

/// The schemas of all events.
struct Schemas {
    all: Value,
}

impl Schemas {
    fn read() -> Option<Self> {
        let path = fetched("webhooks-schemas/schema.json")?;
        let all = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        Some(Self { all })
    }

    /// Returns the name of the definition of an event.
    fn name_of(&self, event: &str) -> Option<String> {
        let names = [format!("{event}_event"), format!("{event}$event")];
        let has = |name: &String| self.all["definitions"].get(name).is_some();
        names.into_iter().find(has)
    }

    /// Returns what checks payloads of an event; none for an event that the schemas do not have.
    fn of(&self, event: &str) -> Option<jsonschema::Validator> {
        let name = self.name_of(event)?;
        let schema = json!({
            "$schema": self.all["$schema"],
            "definitions": self.all["definitions"],
            "$ref": format!("#/definitions/{name}"),
        });
        Some(jsonschema::draft7::new(&schema).unwrap())
    }

    /// Returns a definition, by its name.
    fn definition(&self, name: &str) -> &Value {
        &self.all["definitions"][name]
    }
}

#[test]
fn the_payloads_of_these_tests_are_valid() {
    let Some(schemas) = Schemas::read() else {
        return;
    };
    let (alice, bot) = (github::user("alice", "User"), github::user("a[bot]", "Bot"));
    for (event, payload) in [
        (
            "issues",
            github::issues_opened(1, "x", &["bug", "area/ui"], "acme/rocket"),
        ),
        (
            "issue_comment",
            github::issue_comment_created(1, "/agent go", &alice),
        ),
        ("pull_request", github::pull_request_opened(1, "develop")),
        ("pull_request_review", github::review_submitted(2, &bot)),
        ("push", github::push("refs/heads/main")),
        ("push", github::push("refs/tags/v1")),
    ] {
        let schema = schemas.of(event).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&payload)
            .map(|error| error.to_string().chars().rev().take(400).collect())
            .collect();
        assert!(errors.is_empty(), "{event}: {errors:#?}");
    }
}

#[test]
fn what_the_schemas_take_is_understood() {
    let (Some(schemas), Some(examples)) = (Schemas::read(), examples()) else {
        return;
    };
    let mut validators = BTreeMap::new();
    let (mut valid, mut unknown) = (0, Vec::new());
    for (event, payload) in &examples {
        let schema = validators
            .entry(event.clone())
            .or_insert_with(|| schemas.of(event));
        let Some(schema) = schema else {
            unknown.push(event.as_str());
            continue;
        };
        if !schema.is_valid(payload) {
            continue;
        }
        valid += 1;
        let facts = delivery(Source::GitHub, event, payload).facts();
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
        let name =
            text("/action").map_or_else(|| event.clone(), |action| format!("{event}.{action}"));
        assert_eq!(facts.name(), name);
        assert_eq!(
            facts.repository.as_deref(),
            text("/repository/full_name"),
            "{name}"
        );
        assert_eq!(facts.sender.as_deref(), text("/sender/login"), "{name}");
        let is_bot = text("/sender/type") == Some("Bot")
            || text("/sender/login").is_some_and(|login| login.ends_with("[bot]"));
        assert_eq!(facts.is_bot, is_bot, "{name}");
        // The issue or the pull request that the payload has is that of the facts.
        for subject in ["issue", "pull_request", "discussion"] {
            let Some(subject) = payload.get(subject).filter(|subject| subject.is_object()) else {
                continue;
            };
            assert_eq!(facts.number, subject["number"].as_u64(), "{name}");
            assert_eq!(facts.title.as_deref(), subject["title"].as_str(), "{name}");
            assert!(facts.url.is_some(), "{name}");
            for label in subject["labels"].as_array().into_iter().flatten() {
                let label = label["name"].as_str().unwrap().to_owned();
                assert!(facts.labels.contains(&label), "{name}: {label}");
            }
        }
        let branch = text("/pull_request/base/ref").or_else(|| text("/workflow_run/head_branch"));
        if branch.is_some() {
            assert_eq!(facts.branch.as_deref(), branch, "{name}");
        }
    }
    unknown.dedup();
    println!(
        "{valid} of {} payloads are valid; no schema for {unknown:?}",
        examples.len()
    );
    assert!(valid > 200, "{valid} of {}", examples.len());
}

/// A field that was renamed would be read as if it were not there.
#[test]
fn what_is_read_is_what_the_schemas_promise() {
    let Some(schemas) = Schemas::read() else {
        return;
    };
    for (definition, fields) in [
        ("repository", &["full_name"][..]),
        ("user", &["login", "type"]),
        ("issue", &["number", "title", "html_url"]),
        (
            "simple-pull-request",
            &["number", "title", "html_url", "base", "labels"],
        ),
        (
            "pull-request",
            &["number", "title", "html_url", "base", "labels"],
        ),
        ("pull-request-review", &["html_url"]),
        ("issue-comment", &["html_url"]),
        ("discussion", &["number", "title", "html_url"]),
        ("label", &["name"]),
        ("workflow-run", &["head_branch", "html_url"]),
        ("push$event", &["ref", "compare"]),
        ("create$event", &["ref", "ref_type"]),
        ("delete$event", &["ref", "ref_type"]),
    ] {
        let required = schemas.definition(definition)["required"].as_array();
        let required = required.unwrap_or_else(|| panic!("{definition}"));
        for field in fields {
            assert!(required.contains(&json!(field)), "{definition}: {field}");
        }
    }
}
