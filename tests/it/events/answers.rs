//! What the server answers: each status, each text.

use pretty_assertions::assert_eq;
use sendoff_testing::supervise;
use serde_json::json;

use super::server::{Home, RULE, SECRET, code, issue};

#[test]
fn a_delivery_that_matches_sets_schedules_due_before_it_is_answered() {
    supervise!();
    let home = Home::new(RULE);
    home.schedule("team: Pick-Up-Work", &[]);
    home.schedule("nightly", &["pick-up-work"]);
    home.schedule("another", &[]);
    let server = home.serve();
    let got = server.deliver("issues", "d-1", &issue(1));
    assert_eq!(got.code, 202, "{got:?}");
    assert_eq!(
        got.json(),
        json!({
            "status": "accepted",
            "event": "issues.opened",
            "matched": [{
                "rule": 1,
                "on": "issues.opened",
                "fire": ["*pick-up-work*"],
                "state": "fired",
                "schedules": ["nightly", "team: Pick-Up-Work"],
            }],
        })
    );
    let event = home.found("nightly").event.unwrap();
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["title"], "The rocket leaks");
    assert_eq!(event["repository"], "acme/rocket");
    assert_eq!(home.found("another").event, None);
    server.logs("schedules are due");
}

#[test]
fn what_matches_no_rule_is_ignored_with_the_reason() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let other = String::from_utf8(issue(1))
        .unwrap()
        .replace("acme/rocket", "evil/rocket");
    let got = server.deliver("issues", "d-1", other.as_bytes());
    assert_eq!(
        (got.code, got.json()["status"].as_str()),
        (202, Some("ignored"))
    );
    assert_eq!(
        got.reason(),
        "rule 1 (issues.opened): evil/rocket is not in `repositories`"
    );
    let got = server.deliver("push", "d-2", b"{\"ref\": \"refs/heads/main\"}");
    assert_eq!(got.code, 202);
    assert_eq!(got.reason(), "no rule is for push");
    // An event that nobody has heard of is one that nobody has a rule for.
    let got = server.deliver("event_of_tomorrow", "d-3", b"{\"action\": [1]}");
    assert_eq!(
        (got.code, got.reason()),
        (202, "no rule is for event_of_tomorrow".into())
    );
    home.policy("");
    let server = home.serve();
    let got = server.deliver("push", "d-4", b"{\"x\": 1}");
    assert_eq!(got.reason(), "the policy has no [[events.rule]]");
}

#[test]
fn a_ping_is_answered_and_never_a_duplicate() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    for _ in 0..2 {
        let got = server.deliver("ping", "d-1", b"{\"zen\": \"x\", \"hook_id\": 1}");
        assert_eq!(
            (got.code, got.json()),
            (200, json!({ "status": "pong", "event": "ping" }))
        );
    }
}

/// A forge, headers, a body; the status and the reason.
type Refused<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

#[test]
fn each_refusal_says_what_is_wrong() {
    let home = Home::new(RULE);
    let server = home.serve();
    let body = issue(1);
    let good = format!("sha256={}", code(SECRET, &body));
    let bad = format!("sha256={}", code("another", &body));
    let garbage_code = format!("sha256={}", code(SECRET, b"{\"a\": "));
    let list_code = format!("sha256={}", code(SECRET, b"[1]"));
    let event = ("x-github-event", "issues");
    let long = "x".repeat(200);
    let cases: [Refused<'_>; 9] = [
        (
            "github",
            &[event],
            &body,
            401,
            "the header x-hub-signature-256 is missing, or there twice: set the same secret at the webhook",
        ),
        (
            "github",
            &[event, ("x-hub-signature-256", &bad)],
            &body,
            401,
            "the signature in x-hub-signature-256 is not one of this body with the secret that is set here",
        ),
        (
            "gitea",
            &[("x-gitea-event", "issues"), ("x-gitea-signature", "00")],
            &body,
            401,
            "the signature in x-gitea-signature is not one of this body with the secret that is set here",
        ),
        (
            "gitlab",
            &[
                ("x-gitlab-event", "Issue Hook"),
                ("x-gitlab-token", "wrong"),
            ],
            &body,
            401,
            "the signature in x-gitlab-token is not one of this body with the secret that is set here",
        ),
        (
            "github",
            &[("x-hub-signature-256", &good)],
            &body,
            400,
            "the header x-github-event is missing, or is not the name of an event",
        ),
        (
            "github",
            &[
                event,
                ("x-hub-signature-256", &good),
                ("x-github-delivery", &long),
            ],
            &body,
            400,
            "the id of the delivery has more than 128 bytes, or is no plain text",
        ),
        (
            "github",
            &[event, ("x-hub-signature-256", &garbage_code)],
            b"{\"a\": ",
            400,
            "the body is not JSON: EOF while parsing a value at line 1 column 6",
        ),
        (
            "github",
            &[event, ("x-hub-signature-256", &list_code)],
            b"[1]",
            400,
            "the body is not a JSON object",
        ),
        (
            "bitbucket",
            &[event],
            &body,
            404,
            "webhooks go to /hooks/github, /hooks/gitlab or /hooks/gitea",
        ),
    ];
    for (source, headers, body, status, reason) in cases {
        let got = server.send("POST", &format!("/hooks/{source}"), headers, body);
        assert_eq!(
            (got.code, got.reason().as_str()),
            (status, reason),
            "{headers:?}"
        );
        assert_eq!(got.json()["status"], "refused");
    }
    let got = server.get("/hooks/github");
    let reason = "deliveries are sent with POST, everything else is requested with GET";
    assert_eq!((got.code, got.reason().as_str()), (405, reason));
    let got = server.get("/");
    assert_eq!(got.code, 404);
    assert!(
        got.reason()
            .starts_with("there is no such path: the paths are /hooks/github")
    );
    // Nothing of all that is kept: the good delivery is no duplicate.
    assert_eq!(server.deliver("issues", "d-1", &body).code, 202);
}

#[test]
fn without_a_secret_nothing_is_read() {
    supervise!();
    let home = Home::new("");
    home.write_policy("[serve]\nlisten = \"127.0.0.1:0\"\n");
    let server = home.serve();
    for (source, key, variable) in [
        (
            "github",
            "events.github-secret-file",
            "GITHUB_WEBHOOK_SECRET",
        ),
        (
            "gitlab",
            "events.gitlab-secret-file",
            "GITLAB_WEBHOOK_SECRET",
        ),
        ("gitea", "events.gitea-secret-file", "GITEA_WEBHOOK_SECRET"),
    ] {
        let got = server.send("POST", &format!("/hooks/{source}"), &[], b"{}");
        let reason =
            format!("no secret is set for {source}: name one in `{key}`, or set {variable}");
        assert_eq!((got.code, got.reason()), (503, reason));
    }
    // The advice, followed.
    let server = home.serve_with(&[("GITHUB_WEBHOOK_SECRET", SECRET)]);
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
}

#[test]
fn two_secrets_count_while_one_is_changed() {
    supervise!();
    let home = Home::new("");
    let (one, two) = (
        home.sandbox.write("one", "one\n"),
        home.sandbox.write("two", "two"),
    );
    home.write_policy(&format!(
        "[serve]\nlisten = \"127.0.0.1:0\"\n[events]\ngithub-secret-file = [{one:?}, {two:?}]\n"
    ));
    let server = home.serve();
    for (number, (secret, status)) in [("one", 202), ("two", 202), ("three", 401)]
        .iter()
        .enumerate()
    {
        let body = issue(number as u64);
        let signature = format!("sha256={}", code(secret, &body));
        let headers = [
            ("x-github-event", "issues"),
            ("x-hub-signature-256", &signature),
        ];
        let got = server.send("POST", "/hooks/github", &headers, &body);
        assert_eq!(got.code, *status, "{secret}: {got:?}");
    }
}

#[test]
fn gitlab_and_gitea_are_understood_in_the_same_words() {
    supervise!();
    let home = Home::new(RULE);
    home.schedule("pick-up-work", &[]);
    let server = home.serve();
    let body = issue(7);
    let signature = code(SECRET, &body);
    let headers = [
        ("x-gitea-event", "issues"),
        ("x-gitea-signature", signature.as_str()),
    ];
    let got = server.send("POST", "/hooks/gitea", &headers, &body);
    assert_eq!(
        got.json()["matched"][0]["schedules"],
        json!(["pick-up-work"]),
        "{got:?}"
    );
    let body = json!({
        "object_kind": "issue",
        "user": { "username": "alice" },
        "project": { "path_with_namespace": "acme/rocket" },
        "object_attributes": { "action": "open", "iid": 3, "title": "A leak" },
    });
    let headers = [("x-gitlab-event", "Issue Hook"), ("x-gitlab-token", SECRET)];
    let got = server.send(
        "POST",
        "/hooks/gitlab",
        &headers,
        body.to_string().as_bytes(),
    );
    assert_eq!(got.json()["event"], "issues.opened");
    assert_eq!(
        got.json()["matched"][0]["schedules"],
        json!(["pick-up-work"]),
        "{got:?}"
    );
}

#[test]
fn secrets_are_shown_nowhere() {
    supervise!();
    let home = Home::new(RULE);
    home.schedule("pick-up-work", &[]);
    let server = home.serve_with(&[("SENDOFF_LOG", "trace")]);
    let body = String::from_utf8(issue(1))
        .unwrap()
        .replace("The rocket leaks", SECRET);
    let got = server.deliver("issues", SECRET, body.as_bytes());
    assert_eq!(got.code, 202);
    server.logs("schedules are due");
    server.signal("-TERM");
    let (_, log) = server.ended();
    assert!(!log.contains(SECRET), "{log}");
    let event = home.found("pick-up-work").event.unwrap();
    assert!(
        event.contains("[REDACTED]") && !event.contains(SECRET),
        "{event}"
    );
}
