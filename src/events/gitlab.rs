//! Payloads of GitLab, with event and action in GitHub's terms.

use serde_json::Value;

use super::facts::{EventFacts, has_bot_suffix, name};
use super::json::{first_number, first_text, text, texts};
use super::source::Source;

/// Makes the facts of a payload. The event comes from `object_kind`, which is more specific than the header, else from the
/// header.
pub(super) fn facts(event: &str, payload: &Value) -> EventFacts {
    let kind = first_text(payload, &["/object_kind", "/event_name"]);
    let kind = kind.unwrap_or_else(|| own_event(event));
    let own_action = first_text(
        payload,
        &[
            "/object_attributes/action",
            "/action",
            "/object_attributes/status",
            "/build_status",
        ],
    );
    let own_name = name(&kind, own_action.as_deref());
    let (common, action) = common(&kind, own_action.as_deref(), payload);
    let sender = first_text(payload, &["/user/username", "/user_username", "/user_name"]);
    let parts = ["", "/object_attributes", "/issue", "/merge_request"];
    let lists = parts.map(|part| format!("{part}/labels"));
    let mut labels = texts(payload, &lists, "title");
    labels.sort_unstable();
    labels.dedup();
    let mut facts = EventFacts {
        source: Source::GitLab.as_str().into(),
        event: common,
        action,
        own_name: None,
        repository: first_text(payload, &["/project/path_with_namespace", "/project_path"]),
        is_bot: sender.as_deref().is_some_and(is_bot),
        sender,
        labels,
        branch: branch(&kind, payload),
        number: first_number(
            payload,
            &["/merge_request/iid", "/issue/iid", "/object_attributes/iid"],
        ),
        title: first_text(
            payload,
            &[
                "/merge_request/title",
                "/issue/title",
                "/object_attributes/title",
            ],
        ),
        url: text(payload, "/object_attributes/url"),
        delivery: None,
    };
    facts.own_name = (own_name != facts.name()).then_some(own_name);
    facts
}

/// Turns the event of the header into one word: `Merge Request Hook` into `merge_request`.
fn own_event(event: &str) -> String {
    let words = event.strip_suffix(" Hook").unwrap_or(event);
    words.to_ascii_lowercase().replace(' ', "_")
}

/// Returns event and action as GitHub would name them.
fn common(kind: &str, action: Option<&str>, payload: &Value) -> (String, Option<String>) {
    let verb = |action: &str| {
        match action {
            "open" => "opened",
            "close" | "merge" => "closed",
            "reopen" => "reopened",
            "update" => "edited",
            other => other,
        }
        .to_owned()
    };
    let named = |event: &str, action: Option<&str>| (event.to_owned(), action.map(verb));
    match (kind, action) {
        ("issue" | "work_item", action) => named("issues", action),
        ("merge_request", Some("approved" | "approval" | "unapproved" | "unapproval")) => {
            named("pull_request_review", Some("submitted"))
        }
        // `oldrev` is present when the update is a push to the branch.
        ("merge_request", Some("update"))
            if text(payload, "/object_attributes/oldrev").is_some() =>
        {
            named("pull_request", Some("synchronize"))
        }
        ("merge_request", action) => named("pull_request", action),
        ("note", action) => {
            let on = text(payload, "/object_attributes/noteable_type");
            let event = match on.as_deref() {
                Some("Commit") => "commit_comment",
                _ => "issue_comment",
            };
            let edited = action == Some("update");
            named(event, Some(if edited { "edited" } else { "created" }))
        }
        (kind, action) => (kind.to_owned(), action.map(str::to_owned)),
    }
}

/// Returns the branch that an event is about.
fn branch(kind: &str, payload: &Value) -> Option<String> {
    match kind {
        "push" => {
            let pushed = text(payload, "/ref")?;
            pushed.strip_prefix("refs/heads/").map(str::to_owned)
        }
        "pipeline" => text(payload, "/object_attributes/ref"),
        "build" | "job" | "deployment" => text(payload, "/ref"),
        _ => first_text(
            payload,
            &[
                "/object_attributes/target_branch",
                "/merge_request/target_branch",
            ],
        ),
    }
}

/// Says whether a name is one that GitLab gives to bots: the users of project and group access tokens, service accounts,
/// and internal bots.
fn is_bot(name: &str) -> bool {
    let of_token = ["project_", "group_"].iter().any(|prefix| {
        let rest = name.strip_prefix(prefix);
        let rest = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest.is_some_and(|rest| rest == "_bot" || rest.starts_with("_bot_"))
    });
    of_token || name.starts_with("service_account_") || has_bot_suffix(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitlabs_bots_are_known_by_their_names() {
        for name in [
            "project_4242_bot",
            "project_4242_bot_9f8a",
            "group_7_bot_x",
            "service_account_group_1_ab",
            "renovate-bot",
            "x[bot]",
        ] {
            assert!(is_bot(name), "{name}");
        }
        for name in [
            "alice",
            "talbot",
            "project_x_botany",
            "group_lead",
            "botanist",
        ] {
            assert!(!is_bot(name), "{name}");
        }
    }
}
