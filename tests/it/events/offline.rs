//! `sendoff event`: a recorded delivery, compared with the rules.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::server::{Home, RULE, issue};

/// Two rules more: one for bots and one whose condition fails.
const RULES: &str = "
[[events.rule]]
on = [\"issues.opened\", \"issues.reopened\"]
repositories = [\"*\"]
fire = [\"nobody\"]

[[events.rule]]
on = \"issues\"
repositories = [\"*\"]
when = \"payload.pull_request.number > 1\"
fire = [\"*\"]

[[events.rule]]
on = \"push\"
repositories = [\"*\"]
fire = [\"*\"]
";

#[test]
fn each_rule_says_whether_it_matches_and_what_it_would_fire() {
    let home = Home::new(&format!("{RULE}{RULES}"));
    home.schedule("pick-up-work", &[]);
    let before = home.found("pick-up-work");
    let file = home.sandbox.write("payload.json", issue(4));
    let arguments = ["event", file.to_str().unwrap(), "--event", "issues"];
    let (code, said, stderr) = home.run(&arguments, b"");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said);
    assert_eq!(home.found("pick-up-work"), before);
    let (code, said, _) = home.run(&["event", "--event", "issues", "--fire"], &issue(4));
    assert_eq!(code, Some(0));
    assert!(
        said.contains("rule 1 (issues.opened) matches: fired pick-up-work"),
        "{said}"
    );
    let fired = home.found("pick-up-work");
    assert!(fired.next_run_at < before.next_run_at);
    let event: Value = serde_json::from_str(&fired.event.unwrap()).unwrap();
    assert_eq!(event["number"], 4);
}

#[test]
fn programs_read_it_as_json() {
    let home = Home::new(RULE);
    home.schedule("pick-up-work", &[]);
    let (code, said, _) = home.run(&["event", "--event", "issues", "--json"], &issue(4));
    assert_eq!(code, Some(0));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["fired"], false);
    assert_eq!(said["event"]["event"], "issues");
    assert_eq!(
        said["rules"],
        json!([{
            "rule": 1, "on": "issues.opened", "matches": true, "reason": null,
            "fire": ["*pick-up-work*"], "schedules": ["pick-up-work"],
        }])
    );
}

#[test]
fn other_forges_are_named() {
    let home = Home::new(RULE);
    let body = json!({
        "object_kind": "issue",
        "user": { "username": "project_1_bot_x" },
        "project": { "path_with_namespace": "acme/rocket" },
        "object_attributes": { "action": "open" },
    });
    let arguments = ["event", "--event", "Issue Hook", "--source", "gitlab"];
    let (_, said, _) = home.run(&arguments, body.to_string().as_bytes());
    assert_eq!(
        said,
        "issues.opened by project_1_bot_x, a bot in acme/rocket\n\
         rule 1 (issues.opened) does not match: project_1_bot_x is a bot, and `bots` is not \"allow\"\n"
    );
}

#[test]
fn each_mistake_is_told() {
    let home = Home::new("");
    let said = |arguments: &[&str], input: &[u8], wanted: i32| {
        let (code, stdout, stderr) = home.run(arguments, input);
        assert_eq!(code, Some(wanted), "{stdout}{stderr}");
        let path = home.sandbox.path("");
        (stdout + &stderr).replace(path.to_str().unwrap(), "/sandbox/")
    };
    let event = ["event", "--event", "issues"];
    insta::assert_snapshot!(said(&event, b"{}", 0));
    insta::assert_snapshot!(said(&event, b"{", 64));
    insta::assert_snapshot!(said(&event, b"[]", 64));
    insta::assert_snapshot!(said(&["event", "none.json", "--event", "x"], b"", 64));
    insta::assert_snapshot!(said(&["event", "home", "--event", "x"], b"", 64));
    insta::assert_snapshot!(said(&["event", "--event", " "], b"{}", 64));
    insta::assert_snapshot!(said(
        &["event", "--event", "x", "--source", "bitbucket"],
        b"{}",
        64
    ));
    insta::assert_snapshot!(said(&["event"], b"{}", 64));
    home.write_policy("[serve");
    insta::assert_snapshot!(said(&event, b"{}", 78));
}
