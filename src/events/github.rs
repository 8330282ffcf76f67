//! Payloads of GitHub, and of Gitea and Forgejo, which have the same structure.

use serde_json::Value;

use super::facts::{EventFacts, has_bot_suffix, name};
use super::json::{first_number, first_text, text, texts};
use super::source::Source;

/// The objects that an event can be about, the most specific first.
const SUBJECTS: [&str; 6] = [
    "/comment",
    "/review",
    "/pull_request",
    "/issue",
    "/discussion",
    "/workflow_run",
];

/// Makes the facts of a payload of GitHub.
pub(super) fn facts(event: &str, payload: &Value) -> EventFacts {
    let lists = ["/issue", "/pull_request", "/discussion"].map(|part| format!("{part}/labels"));
    let mut labels = texts(payload, &lists, "name");
    // The label that was added or removed.
    labels.extend(text(payload, "/label/name"));
    labels.dedup();
    let sender = first_text(payload, &["/sender/login", "/sender/username"]);
    let subject = |key: &str| {
        let pointers = SUBJECTS.map(|subject| format!("{subject}/{key}"));
        pointers.iter().find_map(|pointer| text(payload, pointer))
    };
    EventFacts {
        source: Source::GitHub.as_str().into(),
        event: event.to_owned(),
        action: text(payload, "/action"),
        repository: text(payload, "/repository/full_name"),
        is_bot: text(payload, "/sender/type").as_deref() == Some("Bot")
            || sender
                .as_deref()
                .is_some_and(|name| name.ends_with("[bot]")),
        sender,
        labels,
        branch: branch(event, payload),
        number: first_number(
            payload,
            &[
                "/pull_request/number",
                "/issue/number",
                "/discussion/number",
            ],
        ),
        title: first_text(
            payload,
            &["/pull_request/title", "/issue/title", "/discussion/title"],
        ),
        url: subject("html_url").or_else(|| text(payload, "/compare")),
        ..EventFacts::default()
    }
}

/// Returns the branch that an event is about.
fn branch(event: &str, payload: &Value) -> Option<String> {
    if matches!(event, "create" | "delete") {
        let is_branch = text(payload, "/ref_type").as_deref() == Some("branch");
        return text(payload, "/ref").filter(|_| is_branch).map(short);
    }
    if let Some(pushed) = text(payload, "/ref").filter(|_| event == "push") {
        return pushed.strip_prefix("refs/heads/").map(str::to_owned);
    }
    first_text(
        payload,
        &[
            "/pull_request/base/ref",
            "/workflow_run/head_branch",
            "/workflow_job/head_branch",
            "/check_suite/head_branch",
            "/check_run/check_suite/head_branch",
            "/deployment/ref",
            "/merge_group/base_ref",
        ],
    )
    .map(short)
}

/// Strips `refs/heads/` off a name.
fn short(name: String) -> String {
    name.strip_prefix("refs/heads/")
        .map(str::to_owned)
        .unwrap_or(name)
}

/// Makes the facts of a payload of Gitea or Forgejo, with event and action in GitHub's terms.
pub(super) fn gitea_facts(event: &str, payload: &Value) -> EventFacts {
    let own_action = text(payload, "/action");
    let own_name = name(event, own_action.as_deref());
    let (common, action) = match (event, own_action.as_deref()) {
        (
            "pull_request_approved"
            | "pull_request_rejected"
            | "pull_request_comment"
            | "pull_request_review",
            Some("reviewed") | None,
        ) => ("pull_request_review", Some("submitted")),
        ("issue_assign" | "issue_label" | "issue_milestone", action) => ("issues", action),
        (
            "pull_request_assign"
            | "pull_request_label"
            | "pull_request_milestone"
            | "pull_request_sync",
            action,
        ) => ("pull_request", action),
        (event, action) => (event, action),
    };
    let action = match action {
        Some("synchronized") => Some("synchronize"),
        Some("label_updated") => Some("labeled"),
        Some("label_cleared") => Some("unlabeled"),
        action => action,
    };
    let mut facts = facts(common, payload);
    facts.source = Source::Gitea.as_str().into();
    facts.action = action.map(str::to_owned);
    facts.own_name = (own_name != facts.name()).then_some(own_name);
    let is_bot =
        |name: &str| has_bot_suffix(name) || matches!(name, "gitea-actions" | "forgejo-actions");
    facts.is_bot |= facts.sender.as_deref().is_some_and(is_bot);
    facts
}
