//! What the forge says of a branch that its server refused. It is asked then only, and decides nothing.

use std::time::{Duration, Instant};

use sendoff::demo::forge_server::{
    Branches, ForgeServer, ProtectedBranch, ProtectedBy, Repository,
};
use sendoff::demo::{Answer, Fault};
use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::world::{TOKEN, World, step};

/// What the branch is protected by.
const BY: &str = "a branch protection rule for `feature/*`, which requires `build`, `lint`";

/// Starts a forge that protects `feature/x` in this way, and lets the user's policy name it.
fn forge(world: &World, by: Option<ProtectedBy>, more: &str) -> ForgeServer {
    let mut rocket = Repository::new("acme", "rocket");
    rocket.branches = Branches::Bare(world.bare());
    rocket.protected = by
        .map(|by| ProtectedBranch {
            name: "feature/x".into(),
            by,
        })
        .into_iter()
        .collect();
    let forge = ForgeServer::start(Some(TOKEN), [rocket]).unwrap();
    world.user_policy_with_forge_at(forge.url(), more);
    forge
}

fn rule() -> ProtectedBy {
    ProtectedBy::Rule {
        pattern: "feature/*".into(),
        checks: vec!["build".into(), "lint".into()],
    }
}

/// Pushes the branch, lets the server refuse the next push, and commits what it refuses.
fn refused(world: &World, said: &str) {
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
    let hook = world.bare().join("hooks/pre-receive");
    let script = format!("#!/bin/sh\necho '{said}' >&2\nexit 1\n");
    world.sandbox.executable(hook, script);
    world.commit("more.txt", "more", "Add more");
}

fn warnings(step: &Value) -> Vec<&str> {
    let warnings = step["outputs"]["warnings"].as_array().into_iter().flatten();
    warnings.filter_map(Value::as_str).collect()
}

/// Returns how many requests came before the one for the branch.
fn asked_after(forge: &ForgeServer) -> Option<usize> {
    let log = forge.log();
    log.iter()
        .position(|request| request.path.contains("/branches/"))
}

#[test]
fn a_refusal_says_how_the_forge_protects_the_branch() {
    supervise!();
    for (by, expected) in [
        (
            Some(rule()),
            vec![format!("the forge protects `feature/x` by {BY}")],
        ),
        (
            Some(ProtectedBy::Ruleset),
            vec!["the forge protects `feature/x` by a ruleset".to_owned()],
        ),
        (None, vec![]),
    ] {
        let world = World::new();
        let forge = forge(&world, by, "");
        refused(&world, "error: GH006: Protected branch update failed");
        assert_eq!(
            asked_after(&forge),
            None,
            "a push that succeeds asks nothing"
        );
        let before = world.tip("feature/x");
        let said = world.run(&["run", "post-commit", "--json"]);
        let report = said.report();
        let push = step(&report, "push");
        assert_eq!(push["reason"], "protected", "{report}");
        assert_eq!(warnings(push), expected, "{report}");
        assert_eq!(world.tip("feature/x"), before);
        let text = world.run(&["run", "post-commit"]).stdout;
        for line in expected {
            assert!(text.contains(&format!("warning: {line}")), "{text}");
        }
    }
}

/// Guards that the flag is a note: where the server takes the push it goes through, and nobody asks.
#[test]
fn a_protected_branch_that_the_server_takes_is_pushed() {
    supervise!();
    let world = World::new();
    let forge = forge(&world, Some(rule()), "");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
    assert_eq!(asked_after(&forge), None);
}

#[test]
fn a_failure_of_another_kind_asks_nothing() {
    supervise!();
    let world = World::new();
    let forge = forge(&world, Some(rule()), "");
    refused(&world, "fatal: pack exceeds maximum allowed size");
    let report = world.report(&["step", "push"]);
    assert_eq!(report["reason"], "too-large", "{report}");
    assert_eq!(asked_after(&forge), None);
}

#[test]
fn whatever_the_forge_answers_the_refusal_is_told() {
    supervise!();
    let world = World::new();
    let counted = forge(&world, Some(rule()), "");
    refused(&world, "policy: no");
    assert_eq!(world.report(&["step", "push"])["reason"], "hook-declined");
    let before = counted.log();
    let reported = world.report(&["step", "push"]);
    assert_eq!(warnings(&reported).len(), 1, "{reported}");
    // Counted in a run like those below.
    let log = &counted.log()[before.len()..];
    let passes = log
        .iter()
        .position(|request| request.path.contains("/branches/"))
        .unwrap();
    let many: Vec<String> = (0..50_000).map(|number| format!("c{number}")).collect();
    let answer = |status, body: Value| Fault::Instead(Answer::json(status, &body));
    let protection = |contexts: Value| {
        json!({"name": "feature/x", "protected": true,
            "protection": {"enabled": true, "required_status_checks": {"contexts": contexts}}})
    };
    let text = |body: Vec<u8>| Fault::Instead(Answer::text(200, "application/json", body));
    let rows = [
        (answer(500, json!({"message": "no"})), None),
        (answer(401, json!({"message": "Bad credentials"})), None),
        (
            answer(200, json!({"name": "main", "protected": true})),
            None,
        ),
        (answer(200, json!({"protected": "yes"})), None),
        (answer(200, json!([])), None),
        (text(b"[".repeat(100_000)), None),
        (text(vec![b' '; 5 << 20]), None),
        (
            answer(200, protection(json!(many))),
            Some("`c4` and 49995 more checks".to_owned()),
        ),
        (
            answer(200, protection(json!(["a\u{1b}[31m\n\u{202e}b", TOKEN]))),
            Some("requires `a [31m b`, `[REDACTED]`".to_owned()),
        ),
        (
            answer(200, protection(json!(["x".repeat(1_000_000)]))),
            Some("…`".to_owned()),
        ),
    ];
    for (fault, expected) in rows {
        let forge = forge(&world, Some(rule()), "");
        let passes = std::iter::repeat_n(Fault::Pass, passes);
        // Some are asked again.
        let faults = std::iter::repeat_n(fault.clone(), 4);
        forge.inject(passes.chain(faults));
        let report = world.report(&["step", "push"]);
        assert_eq!(report["reason"], "hook-declined", "{report}");
        assert_eq!(report["outputs"]["messages"][0], "policy: no", "{report}");
        let told = warnings(&report);
        match expected {
            None => assert!(told.is_empty(), "{report}"),
            Some(expected) => {
                assert!(told.len() == 1 && told[0].contains(&expected), "{told:?}");
                assert!(told[0].len() < 1000, "{told:?}");
            }
        }
    }
}

#[test]
fn a_forge_that_keeps_silent_holds_no_refusal_up() {
    supervise!();
    for limits in ["http-timeout = \"300ms\"", "deadline = \"4s\""] {
        let world = World::new();
        let counted = forge(&world, Some(rule()), "");
        refused(&world, "policy: no");
        let before = counted.log().len();
        world.report(&["step", "push"]);
        let log = &counted.log()[before..];
        let passes = log
            .iter()
            .position(|request| request.path.contains("/branches/"))
            .unwrap();
        let forge = forge(&world, Some(rule()), &format!("[limits]\n{limits}\n"));
        let passes = std::iter::repeat_n(Fault::Pass, passes);
        forge.inject(passes.chain(std::iter::repeat_n(Fault::Silence, 8)));
        let start = Instant::now();
        let report = world.report(&["step", "push"]);
        assert_eq!(report["reason"], "hook-declined", "{limits}: {report}");
        assert!(warnings(&report).is_empty(), "{report}");
        assert!(start.elapsed() < Duration::from_secs(20), "{limits}");
    }
}

#[test]
fn without_a_forge_or_its_token_nobody_is_asked() {
    supervise!();
    let world = World::new();
    let forge = forge(&world, Some(rule()), "");
    refused(&world, "policy: no");
    world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
    let variables = world.variables().into_iter();
    let variables: Vec<_> = variables
        .filter(|(name, _)| *name != "SENDOFF_TOKEN")
        .collect();
    let before = forge.log().len();
    world.sandbox.write("home/.config/sendoff/policy.toml", "");
    let said = world.run_in(&world.work(), &["step", "push", "--json"], &variables);
    let report = said.report();
    assert_eq!(report["reason"], "hook-declined", "{report}");
    assert!(warnings(&report).is_empty(), "{report}");
    assert_eq!(forge.log().len(), before);
}
