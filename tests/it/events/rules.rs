//! Rules: each filter, and what it takes no notice of.

use pretty_assertions::assert_eq;
use sendoff::events::{Source, mistakes};
use sendoff_testing::supervise;
use serde_json::{Value, json};

use super::server::Home;
use super::{delivery, github, miss, policy};

fn issue() -> Value {
    let mut issue = github::issues_opened(4, "x", &["area/ui", "Bug"], "Acme/Rocket");
    issue["sender"] = github::user("Octocat", "User");
    issue
}

/// A rule for opened issues anywhere, with one more line or another first one.
fn rule(more: &str) -> String {
    let has = |key: &str| more.starts_with(key);
    let mut text = "[[events.rule]]\nfire = [\"*\"]\n".to_owned();
    if !has("on ") {
        text += "on = \"issues.opened\"\n";
    }
    if !has("repositories") {
        text += "repositories = [\"*\"]\n";
    }
    text + more
}

#[test]
fn each_filter_lets_through_what_it_names() {
    supervise!();
    let opened = delivery(Source::GitHub, "issues", &issue());
    for (line, wanted) in [
        ("", None),
        ("on = \"issues\"", None),
        ("on = \"issues.*\"", None),
        ("on = \"*.opened\"", None),
        ("on = \"*\"", None),
        ("on = [\"push\", \"issues.opened\"]", None),
        ("on = \"issues.closed\"", Some("it is for issues.closed")),
        ("on = \"issue\"", Some("it is for issue")),
        ("on = \"issue.*\"", Some("it is for issue.*")),
        ("repositories = [\"acme/*\"]", None),
        ("repositories = [\"other/x\", \"acme/rocket\"]", None),
        ("repositories = [\"**\"]", None),
        (
            "repositories = [\"rocket\"]",
            Some("Acme/Rocket is not in `repositories`"),
        ),
        (
            "repositories = [\"acme\"]",
            Some("Acme/Rocket is not in `repositories`"),
        ),
        (
            "repositories = [\"acme*\"]",
            Some("Acme/Rocket is not in `repositories`"),
        ),
        ("senders = [\"octo*\"]", None),
        ("senders = [\"alice\"]", Some("Octocat is not in `senders`")),
        ("not-senders = [\"alice\"]", None),
        (
            "not-senders = [\"OCTOCAT\"]",
            Some("Octocat is in `not-senders`"),
        ),
        ("labels = [\"bug\"]", None),
        ("labels = [\"area/*\"]", None),
        (
            "labels = [\"area\"]",
            Some("it has none of the labels in `labels`"),
        ),
        ("branches = [\"*\"]", Some("no branch is not in `branches`")),
        ("when = \"payload.issue.number == 4\"", None),
        (
            "when = \"payload.issue.labels | length > 1 and 'x' in payload.issue.title\"",
            None,
        ),
        ("when = \"payload.steps is undefined\"", None),
        (
            "when = \"payload.issue.number > 4\"",
            Some("`when` is not true"),
        ),
        (
            "when = \"payload.issue.assignee.login == 'x'\"",
            Some(
                "`when` fails: line 1: `payload.issue.assignee` has no `login`: `payload.issue.assignee` is none here",
            ),
        ),
    ] {
        assert_eq!(miss(&rule(line), &opened).as_deref(), wanted, "{line}");
    }
}

#[test]
fn a_bots_own_review_fires_nothing_unless_that_is_said() {
    supervise!();
    let review = |login: &str, kind: &str| {
        let payload = github::review_submitted(2, &github::user(login, kind));
        delivery(Source::GitHub, "pull_request_review", &payload)
    };
    let on = "on = \"pull_request_review.submitted\"\n";
    assert_eq!(miss(&rule(on), &review("alice", "User")), None);
    for (login, kind) in [
        ("review-agent[bot]", "Bot"),
        ("copilot", "Bot"),
        ("x[bot]", "User"),
    ] {
        let told = format!("{login} is a bot, and `bots` is not \"allow\"");
        assert_eq!(miss(&rule(on), &review(login, kind)), Some(told));
        let allow = format!("{on}bots = \"allow\"\n");
        assert_eq!(miss(&rule(&allow), &review(login, kind)), None);
        // One bot can be kept out by its name, brackets and all.
        let but = format!("{allow}not-senders = [\"{login}\"]\n");
        let told = format!("{login} is in `not-senders`");
        assert_eq!(miss(&rule(&but), &review(login, kind)), Some(told));
    }
}

#[test]
fn branches_are_those_of_pushes_and_the_base_of_pull_requests() {
    supervise!();
    let push = |reference: &str| delivery(Source::GitHub, "push", &github::push(reference));
    let on = rule("on = \"push\"\nbranches = [\"main\", \"release/**\"]");
    assert_eq!(miss(&on, &push("refs/heads/main")), None);
    assert_eq!(miss(&on, &push("refs/heads/release/1/x")), None);
    let told = |branch: &str| Some(format!("{branch} is not in `branches`"));
    assert_eq!(miss(&on, &push("refs/heads/Main")), told("Main"));
    // A tag is no branch, whatever its name.
    assert_eq!(miss(&on, &push("refs/tags/main")), told("no branch"));
    let payload = github::pull_request_opened(1, "develop");
    let opened = delivery(Source::GitHub, "pull_request", &payload);
    let on = rule("on = \"pull_request\"\nbranches = [\"main\"]");
    assert_eq!(miss(&on, &opened), told("develop"));
}

#[test]
fn an_event_of_no_repository_needs_a_rule_for_all() {
    supervise!();
    let payload = json!({ "action": "member_added", "sender": { "login": "alice" } });
    let added = delivery(Source::GitHub, "organization", &payload);
    assert_eq!(miss(&rule("on = \"organization\""), &added), None);
    let told = "no repository is not in `repositories`";
    let of_some =
        "[[events.rule]]\non = \"organization\"\nrepositories = [\"a/*\"]\nfire = [\"*\"]\n";
    assert_eq!(miss(of_some, &added).as_deref(), Some(told));
}

#[test]
fn the_preset_has_the_rules_of_old_and_ignores_bots() {
    supervise!();
    let preset = sendoff::policy::preset("events").unwrap();
    let policy = policy(preset);
    let rules = &policy.events().rule;
    let fire: Vec<&[String]> = rules.iter().map(|rule| rule.fire.as_slice()).collect();
    assert_eq!(
        fire,
        [
            &["*pick-up-work*"][..],
            &["*pr review*", "*security review*"]
        ]
    );
    let rules = sendoff::events::Rules::of(&policy).unwrap();
    let opened = delivery(Source::GitHub, "issues", &issue());
    let judged = rules.judge(&opened.facts(), &opened);
    assert_eq!(
        (judged[0].mismatch.is_none(), judged[1].mismatch.is_none()),
        (true, false)
    );
}

#[test]
fn a_condition_that_cannot_be_is_a_mistake_of_the_policy() {
    supervise!();
    let told = |when: &str| -> Vec<String> {
        let found = mistakes(&policy(&rule(&format!("when = \"{when}\""))));
        found
            .iter()
            .map(sendoff::policy::PolicyError::one_line)
            .collect()
    };
    assert_eq!(
        told("payload.action == 'x' and payload.a.b is defined"),
        Vec::<String>::new()
    );
    assert_eq!(
        told("task.ok"),
        ["user:5:8: `when` of rule 1: there is no `task.ok`"]
    );
    assert_eq!(
        told("payload.x | shout"),
        ["user:5:8: `when` of rule 1: there is no filter `shout`"]
    );
    let syntax = told("payload.x ==");
    assert!(
        syntax[0].starts_with("user:5:8: `when` of rule 1: line 1: syntax error"),
        "{syntax:?}"
    );
}

#[test]
fn no_repository_has_a_word_in_it() {
    supervise!();
    let home = Home::new("");
    let repository = home.sandbox.repository("repository");
    for table in [
        "[serve]\nlisten = \"127.0.0.1:1\"\n",
        "[events]\ngithub-secret-file = \"/etc/passwd\"\n",
        "[[events.rule]]\non = \"push\"\nrepositories = [\"*\"]\nfire = [\"*\"]\n",
    ] {
        std::fs::write(repository.join(".sendoff.toml"), table).unwrap();
        let mut command = home.command(&["policy", "check"]);
        let output = command.current_dir(&repository).output().unwrap();
        let said =
            String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("a repository may not set `"), "{said}");
        // The server does not look at it at all.
        let mut command = home.command(&["event", "--event", "push"]);
        let said = command.current_dir(&repository).output().unwrap();
        assert_eq!(said.status.code(), Some(64), "the payload is empty");
    }
}
