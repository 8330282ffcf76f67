//! Requests and answers against GitHub's own description, where `.ci/openapi` has fetched it.

use std::path::Path;

use sendoff::demo::Logged;
use sendoff::demo::forge_server::{
    Branches, ForgeServer, ProtectedBranch, ProtectedBy, Repository,
};
use sendoff::forge::{Block, Body, RootEntry};
use sendoff::secrets::Outgoing;
use sendoff_testing::left_out;
use serde_json::{Map, Value, json};

use crate::sandbox::Sandbox;

use super::objects::{repository as named, served};
use super::{TOKEN, branch, connect, head, request};

const OPERATIONS: &[(&str, &str, &str)] = &[
    ("GET", "/repos/o/r", "/repos/{owner}/{repo}"),
    ("GET", "/repos/o/r/pulls", "/repos/{owner}/{repo}/pulls"),
    ("POST", "/repos/o/r/pulls", "/repos/{owner}/{repo}/pulls"),
    (
        "GET",
        "/repos/o/r/pulls/1",
        "/repos/{owner}/{repo}/pulls/{pull_number}",
    ),
    (
        "PATCH",
        "/repos/o/r/pulls/1",
        "/repos/{owner}/{repo}/pulls/{pull_number}",
    ),
    (
        "POST",
        "/repos/o/r/issues/1/labels",
        "/repos/{owner}/{repo}/issues/{issue_number}/labels",
    ),
    (
        "POST",
        "/repos/o/r/pulls/1/requested_reviewers",
        "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    ),
    (
        "POST",
        "/repos/o/r/issues/1/assignees",
        "/repos/{owner}/{repo}/issues/{issue_number}/assignees",
    ),
    (
        "GET",
        "/repos/o/r/branches/work",
        "/repos/{owner}/{repo}/branches/{branch}",
    ),
    (
        "GET",
        "/repos/o/r/git/trees/COMMIT",
        "/repos/{owner}/{repo}/git/trees/{tree_sha}",
    ),
    (
        "GET",
        "/repos/o/r/git/blobs/FILE",
        "/repos/{owner}/{repo}/git/blobs/{file_sha}",
    ),
];

#[tokio::test]
async fn requests_and_answers_are_as_github_describes_them() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/openapi/api.github.com.json");
    let Ok(text) = std::fs::read(&file) else {
        let why = format!("{} is not there; run .ci/openapi", file.display());
        left_out("openapi", &why);
        return;
    };
    let description: Value = serde_json::from_slice(&text).unwrap();
    let log = conversation().await;
    let mut checked = Vec::new();
    for logged in &log {
        let answer = logged.answer.as_ref().unwrap();
        let found = OPERATIONS
            .iter()
            .find(|(method, path, _)| *method == logged.method && is_at(&logged.path, path));
        let (method, _, template) = found.unwrap_or_else(|| panic!("unknown: {logged:?}"));
        let operation = &description["paths"][*template][method.to_ascii_lowercase()];
        check_query(&description, operation, logged);
        if let Some(schema) = json_schema(&description, &operation["requestBody"]) {
            check(
                &description,
                schema,
                &logged.body,
                &format!("{method} {template}"),
            );
        }
        let response = resolve(
            &description,
            &operation["responses"][answer.status.to_string()],
        );
        assert!(
            response.is_object(),
            "{method} {template} never answers {}",
            answer.status
        );
        let is_raw = answer
            .headers
            .iter()
            .any(|(_, value)| value.contains("raw"));
        if let Some(schema) = json_schema(&description, response).filter(|_| !is_raw) {
            let what = format!("{method} {template} {}", answer.status);
            check(&description, schema, &answer.body, &what);
        }
        checked.push(format!("{method} {template} {}", answer.status));
    }
    checked.sort();
    checked.dedup();
    assert_eq!(checked.len(), 12, "{checked:#?}");
}

/// Does everything that we ever do at GitHub.
async fn conversation() -> Vec<Logged> {
    let mut repository = Repository::new("o", "r");
    repository.collaborators = vec!["octocat".into()];
    let branches = [("main", "1"), ("work", "2"), ("same", "1")];
    let branches = branches.map(|(name, commit)| (name.to_owned(), commit.repeat(40)));
    repository.branches = Branches::Listed(branches.into());
    repository.protected = vec![ProtectedBranch {
        name: "work".into(),
        by: ProtectedBy::Rule {
            pattern: "work*".into(),
            checks: vec!["build".into()],
        },
    }];
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    let forge = connect("github", server.url());
    let mut request = request("work");
    request.labels = vec!["bot".into()];
    request.reviewers = vec!["octocat".into()];
    request.assignees = vec!["octocat".into()];
    forge.default_branch().await.unwrap();
    forge.open(&request).await.unwrap();
    forge.open(&request).await.unwrap();
    forge
        .find(&head("o", "work"), Some(&branch("main")))
        .await
        .unwrap();
    let pull = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    let block = |text: &'static str| Block {
        text: text.into(),
        is_unfinished: false,
    };
    let body = Body {
        above: Outgoing::default(),
        block: Some(block("- one")),
    };
    server.edit(pull.number, &body.fitted(1_000, |text, _| text.to_owned()));
    let pull = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    forge.keep_block(&pull, &block("- two")).await.unwrap();
    request.head.branch = branch("same");
    forge.open(&request).await.unwrap();
    request.base = branch("gone");
    forge.open(&request).await.unwrap_err();
    let protection = forge.protection(&named(), &branch("work")).await;
    assert_eq!(
        protection.unwrap().unwrap().to_string(),
        "a branch protection rule for `work*`, which requires `build`"
    );
    [server.log(), asked_for_a_file().await].concat()
}

/// Asks for a file of a commit.
async fn asked_for_a_file() -> Vec<Logged> {
    let sandbox = Sandbox::new();
    let (server, commit) = served(&sandbox);
    let forge = connect("github", server.url());
    let found = forge.root_entry(&named(), &commit, "file").await;
    let RootEntry::File { id } = found.unwrap() else {
        panic!("it is no file");
    };
    forge.file_content(&named(), &id).await.unwrap();
    server.log()
}

/// Says whether a path is that of an operation, whose last word in capitals stands for an id.
fn is_at(path: &str, operation: &str) -> bool {
    match operation.rsplit_once('/') {
        Some((before, "COMMIT" | "FILE")) => path
            .rsplit_once('/')
            .is_some_and(|(named, _)| named == before),
        _ => path == operation,
    }
}

fn check_query(description: &Value, operation: &Value, logged: &Logged) {
    let parameters = operation["parameters"].as_array().unwrap();
    let known: Vec<_> = parameters
        .iter()
        .map(|parameter| resolve(description, parameter)["name"].as_str().unwrap())
        .collect();
    for pair in logged.query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split_once('=').unwrap().0;
        assert!(known.contains(&name), "GitHub has no parameter `{name}`");
    }
}

fn resolve<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(to) => description.pointer(to.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn json_schema<'a>(description: &'a Value, holder: &'a Value) -> Option<&'a Value> {
    let schema = &resolve(description, holder)["content"]["application/json"]["schema"];
    schema.is_object().then_some(schema)
}

fn check(description: &Value, schema: &Value, body: &[u8], what: &str) {
    let mut schemas = Map::new();
    let root = collect(description, schema, &mut schemas);
    let schema = json!({"allOf": [root], "components": {"schemas": schemas}});
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let body: Value = serde_json::from_slice(body).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// Copies a schema as JSON Schema has it (GitHub writes `nullable`), with all that it refers to.
fn collect(description: &Value, schema: &Value, into: &mut Map<String, Value>) -> Value {
    match schema {
        Value::Array(list) => list
            .iter()
            .map(|item| collect(description, item, into))
            .collect(),
        Value::Object(object) => {
            let name = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|to| to.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && !into.contains_key(name)
            {
                into.insert(name.to_owned(), Value::Null);
                let target = &description["components"]["schemas"][name];
                let target = collect(description, target, into);
                into.insert(name.to_owned(), target);
            }
            let kept = object
                .iter()
                .filter(|(key, _)| *key != "example" && *key != "examples");
            let copy = kept.map(|(key, value)| (key.clone(), collect(description, value, into)));
            let copy = Value::Object(copy.collect());
            if object.get("nullable") == Some(&Value::Bool(true)) {
                json!({"anyOf": [{"type": "null"}, copy]})
            } else {
                copy
            }
        }
        other => other.clone(),
    }
}
