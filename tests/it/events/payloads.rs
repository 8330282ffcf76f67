//! Payloads of GitLab and Gitea, put into the words of GitHub. Written by hand after their documentation.

use pretty_assertions::assert_eq;
use sendoff::events::{EventFacts, Source};
use sendoff_testing::supervise;
use serde_json::{Value, json};

use super::delivery;

fn gitlab(event: &str, payload: &Value) -> EventFacts {
    delivery(Source::GitLab, event, payload).facts()
}

fn gitlab_payload(kind: &str, attributes: &Value) -> Value {
    json!({
        "object_kind": kind,
        "user": { "username": "alice" },
        "project": { "path_with_namespace": "acme/group/rocket" },
        "object_attributes": attributes,
        "labels": [{ "title": "bug" }],
    })
}

#[test]
fn gitlabs_events_have_githubs_names() {
    supervise!();
    for (event, kind, attributes, name, own) in [
        (
            "Issue Hook",
            "issue",
            json!({ "action": "open" }),
            "issues.opened",
            Some("issue.open"),
        ),
        (
            "Issue Hook",
            "work_item",
            json!({ "action": "reopen" }),
            "issues.reopened",
            Some("work_item.reopen"),
        ),
        (
            "Merge Request Hook",
            "merge_request",
            json!({ "action": "update", "oldrev": "abc" }),
            "pull_request.synchronize",
            Some("merge_request.update"),
        ),
        (
            "Merge Request Hook",
            "merge_request",
            json!({ "action": "update" }),
            "pull_request.edited",
            Some("merge_request.update"),
        ),
        (
            "Merge Request Hook",
            "merge_request",
            json!({ "action": "approved" }),
            "pull_request_review.submitted",
            Some("merge_request.approved"),
        ),
        (
            "Merge Request Hook",
            "merge_request",
            json!({ "action": "merge" }),
            "pull_request.closed",
            Some("merge_request.merge"),
        ),
        (
            "Note Hook",
            "note",
            json!({ "action": "create", "noteable_type": "MergeRequest" }),
            "issue_comment.created",
            Some("note.create"),
        ),
        (
            "Note Hook",
            "note",
            json!({ "noteable_type": "Commit" }),
            "commit_comment.created",
            Some("note"),
        ),
        (
            "Pipeline Hook",
            "pipeline",
            json!({ "status": "failed" }),
            "pipeline.failed",
            None,
        ),
        (
            "Wiki Page Hook",
            "wiki_page",
            json!({ "action": "create" }),
            "wiki_page.create",
            None,
        ),
    ] {
        let facts = gitlab(event, &gitlab_payload(kind, &attributes));
        assert_eq!(
            (facts.name().as_str(), facts.own_name.as_deref()),
            (name, own)
        );
        assert_eq!(facts.repository.as_deref(), Some("acme/group/rocket"));
        assert_eq!(facts.sender.as_deref(), Some("alice"));
        assert_eq!(facts.labels, ["bug"]);
    }
}

#[test]
fn gitlabs_pushes_and_merge_requests_have_branches() {
    supervise!();
    let push = json!({
        "object_kind": "push",
        "event_name": "push",
        "ref": "refs/heads/feature/x",
        "user_username": "alice",
        "user_name": "Alice A.",
        "project": { "path_with_namespace": "acme/rocket" },
    });
    let facts = gitlab("Push Hook", &push);
    assert_eq!(facts.name(), "push");
    assert_eq!(facts.branch.as_deref(), Some("feature/x"));
    assert_eq!(facts.sender.as_deref(), Some("alice"));
    let attributes = json!({
        "action": "open", "iid": 9, "title": "A merge", "target_branch": "main", "source_branch": "x",
        "url": "https://gitlab.example/acme/rocket/-/merge_requests/9",
    });
    let facts = gitlab(
        "Merge Request Hook",
        &gitlab_payload("merge_request", &attributes),
    );
    assert_eq!(facts.branch.as_deref(), Some("main"));
    assert_eq!(
        (facts.number, facts.title.as_deref()),
        (Some(9), Some("A merge"))
    );
    assert_eq!(
        facts.url.as_deref(),
        Some("https://gitlab.example/acme/rocket/-/merge_requests/9")
    );
    // Without a kind in the body the header tells.
    let facts = gitlab("Deployment Hook", &json!({ "ref": "main" }));
    assert_eq!(
        (facts.name().as_str(), facts.branch),
        ("deployment", Some("main".into()))
    );
}

#[test]
fn giteas_own_names_for_reviews_are_githubs() {
    supervise!();
    let payload = |action: Option<&str>| {
        let mut payload = json!({
            "pull_request": { "number": 3, "title": "x", "base": { "ref": "main" } },
            "review": { "type": "pull_request_review_approved" },
            "repository": { "full_name": "acme/rocket" },
            "sender": { "login": "alice" },
        });
        if let Some(action) = action {
            payload["action"] = action.into();
        }
        payload
    };
    for (event, action, name) in [
        (
            "pull_request_approved",
            Some("reviewed"),
            "pull_request_review.submitted",
        ),
        (
            "pull_request_rejected",
            Some("reviewed"),
            "pull_request_review.submitted",
        ),
        (
            "pull_request_comment",
            Some("reviewed"),
            "pull_request_review.submitted",
        ),
        (
            "pull_request",
            Some("synchronized"),
            "pull_request.synchronize",
        ),
        (
            "pull_request_sync",
            Some("synchronized"),
            "pull_request.synchronize",
        ),
        ("issue_label", Some("label_updated"), "issues.labeled"),
        ("issues", Some("opened"), "issues.opened"),
        ("push", None, "push"),
    ] {
        let facts = delivery(Source::Gitea, event, &payload(action)).facts();
        assert_eq!(facts.name(), name);
        assert_eq!(facts.source, "gitea");
        assert!(!facts.is_bot);
    }
}

#[test]
fn giteas_bots_are_known_by_their_names() {
    supervise!();
    for (login, is_bot) in [
        ("gitea-actions", true),
        ("renovate-bot", true),
        ("x[bot]", true),
        ("alice", false),
        ("robot", false),
    ] {
        let payload = json!({ "action": "opened", "sender": { "login": login } });
        let facts = delivery(Source::Gitea, "issues", &payload).facts();
        assert_eq!(facts.is_bot, is_bot, "{login}");
    }
}

#[test]
fn texts_of_others_are_kept_short_and_without_secrets() {
    supervise!();
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let payload = json!({
        "action": "opened",
        "issue": { "number": 1, "title": format!("\u{1b}[2J{token}\n{}", "x".repeat(5000)) },
        "sender": { "login": "alice" },
    });
    let facts = delivery(Source::GitHub, "issues", &payload).facts();
    let known = sendoff::secrets::KnownSecrets::default();
    let title = facts.safe(&known).title.unwrap();
    assert!(
        !title.contains('\u{1b}') && !title.contains('\n'),
        "{title}"
    );
    assert!(!title.contains("ghp_"), "{title}");
    assert!(title.chars().count() < 1200);
}
