//! A branch whose pull request was merged or closed: more commits on it are in no pull request, so they are not pushed
//! unseen.

use sendoff::demo::Answer;
use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{World, step};

/// A world whose branch has pull request #1, and a commit more since that ended.
fn went_on(end: impl Fn(&World)) -> World {
    let world = World::new();
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    end(&world);
    commit(&world);
    world
}

fn commit(world: &World) {
    let arguments = ["commit", "-q", "--allow-empty", "-m", "Go on"];
    world.sandbox.git(world.work(), &arguments);
}

fn run(world: &World) -> (Option<i32>, Value) {
    let said = world.run(&["run", "post-commit", "--json"]);
    (said.code, said.report())
}

fn set(world: &World, value: &str) {
    world.user_policy(&format!("[steps.pr-create]\nwhen-merged = \"{value}\"\n"));
}

#[test]
fn f03_commits_after_a_merge_are_not_pushed_until_the_policy_or_a_new_branch_lets_them_out() {
    supervise!();
    let world = went_on(|world| world.forge.merge(1));
    let before = world.tip("feature/x");
    let (code, report) = run(&world);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "pull-request-ended", "{report}");
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(step(&report, "pr-create")["verdict"], "skipped", "{report}");
    assert_eq!(world.tip("feature/x"), before);
    let url = world.forge.url();
    let told = format!(
        "{}\n{}",
        push["summary"].as_str().unwrap(),
        push["advice"].as_str().unwrap()
    );
    let told = told.replace(url.to_string().trim_end_matches('/'), "FORGE");
    insta::assert_snapshot!(told, @r#"
    feature/x goes on after its pull request #1 was merged: FORGE/acme/rocket/pull/1
    take the new commits to a branch of their own (git switch -c NAME); or let them have a pull request of their own: `steps.pr-create.when-merged = "new-pr"` in the user's policy
    "#);
    // The first advice, obeyed.
    world
        .sandbox
        .git(world.work(), &["switch", "-qc", "feature/y"]);
    let (code, report) = run(&world);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        step(&report, "pr-create")["outputs"]["number"],
        2,
        "{report}"
    );
    // The second one.
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "feature/x"]);
    commit(&world);
    set(&world, "new-pr");
    let (code, report) = run(&world);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        step(&report, "pr-create")["outputs"]["number"],
        3,
        "{report}"
    );
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
}

#[test]
fn f03_commits_after_a_pull_request_was_closed_are_held_likewise() {
    supervise!();
    let world = went_on(|world| world.forge.close(1));
    let (_, report) = run(&world);
    let summary = step(&report, "push")["summary"].as_str().unwrap();
    assert!(summary.contains("#1 was closed"), "{report}");
    // Another one is open: the commits are in that.
    world
        .forge
        .add_pull("acme/rocket", "main", "acme/rocket", "feature/x")
        .unwrap();
    let (code, report) = run(&world);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        step(&report, "pr-create")["outputs"]["number"],
        2,
        "{report}"
    );
}

/// Nothing was added since: there is nothing to lose, and nothing to open again.
#[test]
fn f03_without_new_commits_a_pull_request_that_ended_is_not_opened_again() {
    supervise!();
    for (merged, said) in [
        (true, "#1 with this commit was merged"),
        (false, "#1 with this commit was closed"),
    ] {
        let world = World::new();
        run(&world);
        if merged {
            world.forge.merge(1);
        } else {
            world.forge.close(1);
        }
        let (code, report) = run(&world);
        assert_eq!(code, Some(0), "{report}");
        assert_eq!(
            step(&report, "push")["outputs"]["action"],
            "up-to-date",
            "{report}"
        );
        let step = step(&report, "pr-create");
        assert_eq!(step["verdict"], "skipped", "{report}");
        assert_eq!(step["summary"], said, "{report}");
        assert!(world.forge.pulls().is_empty());
    }
}

/// The name of a branch is used again for other work, from a base that has moved on.
#[test]
fn f03_a_branch_that_was_begun_anew_under_an_old_name_is_pushed() {
    supervise!();
    let world = World::new();
    run(&world);
    world.forge.merge(1);
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    // The forge deletes the branch after the merge, as it can be set to.
    std::fs::remove_file(world.bare().join("refs/heads/feature/x")).unwrap();
    git(&["switch", "-q", "main"]);
    git(&["branch", "-qD", "feature/x"]);
    git(&["switch", "-qc", "feature/x"]);
    git(&["update-ref", "-d", "refs/remotes/origin/feature/x"]);
    commit(&world);
    let (code, report) = run(&world);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        step(&report, "pr-create")["outputs"]["number"],
        2,
        "{report}"
    );
}

/// Where no step is to open a pull request, nobody asks for one; where the forge does not answer, the push goes on.
#[test]
fn a_push_alone_and_a_forge_that_is_down_hold_nothing() {
    supervise!();
    let world = went_on(|world| world.forge.merge(1));
    let asked = world.forge.log().len();
    let alone = [
        "run",
        "post-commit",
        "--json",
        "--set",
        "steps.pr-create.enabled=false",
    ];
    let report = world.run(&alone).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(world.forge.log().len(), asked);
    commit(&world);
    world
        .forge
        .answer_with((0..8).map(|_| Answer::json(503, &serde_json::json!({}))));
    let (_, report) = run(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(step(&report, "pr-create")["verdict"], "queued", "{report}");
}
