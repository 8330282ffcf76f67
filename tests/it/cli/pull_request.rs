//! An open pull request is kept current: its body, and that it is ready.

use sendoff::demo::{Answer, Fault};
use serde_json::{Value, json};

use crate::world::{World, block, step};

/// Runs, and returns the outputs of `pr-create`.
fn outputs(world: &World, arguments: &[&str]) -> Value {
    let report = world.report(arguments);
    let step = step(&report, "pr-create");
    assert_eq!(step["verdict"], "done", "{report}");
    step["outputs"].clone()
}

/// Returns how many requests changed the pull request.
fn changes(world: &World) -> usize {
    let log = world.forge.log();
    let changes = log
        .iter()
        .filter(|call| call.method == "PATCH" || call.path == "/graphql");
    changes.count()
}

fn body(world: &World) -> String {
    world.forge.pulls()[0].body.clone()
}

#[test]
fn the_body_follows_the_commits_and_what_a_person_wrote_around_it_stays() {
    let world = World::new();
    outputs(&world, &["run"]);
    let edited = format!(
        "Please look at b.\r\n\r\n{}\r\n\r\ncc @octocat ghp_{}",
        body(&world),
        "a1B2".repeat(9)
    );
    world.forge.edit(1, &edited);
    world.commit("b.txt", "b", "Add b");
    let said = world.run(&["run"]);
    assert!(
        said.stdout
            .contains("#1 was open already, and its body is brought up to date: "),
        "{}",
        said.stdout
    );
    let line = "- Add a line to it\n";
    assert_eq!(
        body(&world),
        edited.replace(line, &format!("{line}- Add b\n"))
    );
    assert_eq!(changes(&world), 1);
    assert_eq!(outputs(&world, &["run"])["body"], "current");
    assert_eq!(changes(&world), 1, "what is current is not written again");
}

#[test]
fn a_body_without_the_comments_is_left_alone() {
    let world = World::new();
    outputs(&world, &["run"]);
    world.forge.edit(1, "all my own words");
    world.commit("b.txt", "b", "Add b");
    let outputs = outputs(&world, &["run"]);
    assert_eq!(
        (&outputs["body"], &outputs["warnings"]),
        (&json!("missing"), &Value::Null)
    );
    assert_eq!(
        (body(&world).as_str(), changes(&world)),
        ("all my own words", 0)
    );
}

#[test]
fn a_broken_comment_is_told_and_the_advice_helps() {
    let world = World::new();
    outputs(&world, &["run"]);
    let whole = body(&world);
    let (before, _) = whole.rsplit_once("<!--").unwrap();
    world.forge.edit(1, before);
    let told = outputs(&world, &["run"]);
    assert_eq!(
        (&told["body"], body(&world).as_str()),
        (&json!("broken"), before)
    );
    assert_eq!(
        told["warnings"][0],
        "one of sendoff's two comments in its body is missing or doubled, so the body is left alone: restore both, or \
         remove both"
    );
    for mended in [whole.as_str(), "neither"] {
        world.forge.edit(1, mended);
        assert_eq!(outputs(&world, &["run"])["warnings"], Value::Null);
    }
}

#[test]
fn a_policy_can_have_the_body_written_once() {
    let world = World::new();
    world.user_policy("[steps.pr-create]\nblock = \"none\"\n");
    outputs(&world, &["run"]);
    assert_eq!(body(&world), "- Add the first file\n- Add a line to it\n");
    world.commit("b.txt", "b", "Add b");
    assert_eq!(outputs(&world, &["run"])["body"], Value::Null);
    assert_eq!(changes(&world), 0);
}

#[test]
fn a_branch_that_says_wip_is_a_draft_until_no_commit_does() {
    let world = World::new();
    world.commit("b.txt", "b", "WIP: add b");
    assert_eq!(outputs(&world, &["run"])["draft"], true);
    assert!(world.forge.pulls()[0].draft);
    world.commit("b.txt", "bb", "fixup! WIP: add b");
    assert_eq!(outputs(&world, &["run"])["draft"], true);
    let reset = ["reset", "-q", "--soft", "HEAD~2"];
    world.sandbox.git(world.work(), &reset);
    world
        .sandbox
        .git(world.work(), &["commit", "-q", "-m", "Add b"]);
    let lease = ["run", "--set", "steps.push.rewrite=lease"];
    let said = world.run(&lease);
    assert!(
        said.stdout
            .contains("#1 was open already, and is ready for review now: "),
        "{}",
        said.stdout
    );
    assert!(!world.forge.pulls()[0].draft);
    assert!(block(&body(&world)).ends_with("- Add b\n"));
    let before = changes(&world);
    assert_eq!(outputs(&world, &lease)["draft"], false);
    assert_eq!(changes(&world), before);
}

/// Reviewers were asked already: that is not ours to take back.
#[test]
fn what_is_ready_stays_ready_when_a_commit_says_wip() {
    let world = World::new();
    assert_eq!(outputs(&world, &["run"])["draft"], false);
    for subject in ["WIP: add b", "fixup! WIP: add b"] {
        world.commit("b.txt", subject, subject);
        assert_eq!(outputs(&world, &["run"])["draft"], false, "{subject}");
    }
    assert!(!world.forge.pulls()[0].draft);
    let log = world.forge.log();
    assert!(log.iter().all(|call| call.path != "/graphql"));
}

/// What a person or an agent made a draft is theirs.
#[test]
fn only_a_draft_for_unfinished_commits_is_made_ready() {
    let world = World::new();
    outputs(&world, &["run", "--trigger", "claude-code"]);
    assert!(world.forge.pulls()[0].draft, "an agent's is one");
    assert_eq!(outputs(&world, &["run"])["draft"], true);
    assert_eq!(changes(&world), 0);
}

#[test]
fn an_agents_run_leaves_a_draft_a_draft() {
    let world = World::new();
    world.commit("b.txt", "b", "WIP");
    outputs(&world, &["run"]);
    world
        .sandbox
        .git(world.work(), &["commit", "-q", "--amend", "-m", "Add b"]);
    // An agent rewrites nothing: somebody pushed it by hand.
    let bare = world.bare();
    let push = ["push", "-q", "-f", bare.to_str().unwrap(), "HEAD"];
    world.sandbox.git(world.work(), &push);
    assert_eq!(
        outputs(&world, &["run", "--trigger", "executor"])["draft"],
        true
    );
    assert_eq!(outputs(&world, &["run"])["draft"], false);
}

#[test]
fn the_rule_of_the_policy_comes_before_what_the_commits_say() {
    for (rule, subject, draft) in [
        ("always", "Add b", true),
        ("never", "WIP", false),
        ("agent", "WIP", false),
        ("auto", "WIP", true),
        ("auto", "Add b", false),
    ] {
        let world = World::new();
        world.commit("b.txt", "b", subject);
        world.user_policy(&format!("[steps.pr-create]\ndraft = \"{rule}\"\n"));
        assert_eq!(
            outputs(&world, &["run"])["draft"],
            draft,
            "{rule} {subject}"
        );
    }
}

#[test]
fn what_the_forge_refuses_is_a_warning_and_tried_again() {
    let world = World::new();
    world.commit("b.txt", "b", "WIP");
    outputs(&world, &["run"]);
    let amend = ["commit", "-q", "--amend", "-m", "Add b"];
    world.sandbox.git(world.work(), &amend);
    let run = ["run", "--set", "steps.push.rewrite=lease"];
    let refusal = json!({"data": null, "errors": [{"type": "FORBIDDEN",
        "message": "Resource not accessible by personal access token"}]});
    let forbidden = Answer::text(403, "application/json", r#"{"message":"Forbidden"}"#);
    // It is looked up, pushed, looked up again, marked, read once more and written.
    let faults = [
        Fault::Pass,
        Fault::Pass,
        Fault::Instead(Answer::json(200, &refusal)),
        Fault::Pass,
        Fault::Instead(forbidden),
    ];
    world.forge.inject(faults);
    let told = outputs(&world, &run);
    let expected = json!([
        "it stays a draft although no commit says that it is unfinished: Resource not accessible by personal access token",
        "its body could not be brought up to date: 127.0.0.1 does not allow this on acme/rocket (403): Forbidden",
    ]);
    assert_eq!(told["warnings"], expected);
    assert!(world.forge.pulls()[0].draft);
    let again = outputs(&world, &run);
    assert_eq!(
        (&again["draft"], &again["body"]),
        (&json!(false), &json!("updated"))
    );
}
