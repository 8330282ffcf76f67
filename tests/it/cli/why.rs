//! `sendoff why`: each guard with its value, for the last run and the next.

use serde_json::Value;

use crate::published_schema::assert_fits;
use crate::world::World;

fn why(world: &World) -> Value {
    let said = world.run(&["why", "--json"]);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_fits("why", &document);
    document
}

/// Returns what a guard decided in the last run and decides in the next one.
fn decided(why: &Value, name: &str) -> (String, String) {
    let mut guards = why["guards"].as_array().unwrap().iter();
    let guard = guards.find(|guard| guard["name"] == name).unwrap();
    let text = |key: &str| guard[key].as_str().unwrap_or("none").to_owned();
    (text("last"), text("next"))
}

fn pair(last: &str, next: &str) -> (String, String) {
    (last.to_owned(), next.to_owned())
}

#[test]
fn a_branch_that_never_shipped_is_told_by_its_next_run() {
    let world = World::new();
    let document = why(&world);
    assert_eq!(document["last_run"], Value::Null);
    assert_eq!(decided(&document, "protected"), pair("none", "passes"));
    assert_eq!(
        decided(&document, "fast-forward"),
        pair("none", "at-run-time")
    );
    // Nothing was asked and nothing written.
    assert!(world.git.log().is_empty());
    assert!(!world.sandbox.path("home/.local/state/sendoff").exists());
}

#[test]
fn the_guard_that_held_the_last_run_is_named_with_its_value() {
    let world = World::new();
    world.report(&["run"]);
    // Somebody else pushed to the branch.
    let (bare, work) = (world.bare(), world.work());
    let tree = world.sandbox.git(&bare, &["rev-parse", "main^{tree}"]);
    let arguments = ["commit-tree", "-m", "Theirs", "-p", "feature/x", &tree];
    let theirs = world.sandbox.git(&bare, &arguments);
    let arguments = ["update-ref", "refs/heads/feature/x", &theirs];
    world.sandbox.git(&bare, &arguments);
    world.commit("more.txt", "more", "Add more");
    world.run(&["run"]);
    let document = why(&world);
    assert_eq!(document["last_run"]["verdict"], "failed", "{document}");
    // The run is named so that `history` finds it, and no other one.
    let said = world.run(&["why"]).stdout;
    let second = said.lines().nth(1).unwrap();
    let (at, run) = second.split_once(", run ").unwrap();
    assert!(at.ends_with('Z') && !at.contains('.'), "{second}");
    let shown = world.run(&["history", run, "--json"]);
    assert_eq!(
        shown.report()["run_id"],
        document["last_run"]["run_id"],
        "{second}"
    );
    assert_eq!(decided(&document, "protected"), pair("passes", "passes"));
    assert_eq!(
        decided(&document, "fast-forward"),
        pair("holds", "at-run-time")
    );
    assert_eq!(
        decided(&document, "login"),
        pair("not-reached", "at-run-time")
    );
    let guards = document["guards"].as_array().unwrap();
    let guard = guards.iter().find(|guard| guard["name"] == "fast-forward");
    let setting = &guard.unwrap()["settings"][0];
    assert_eq!(setting["key"], "steps.push.rewrite");
    // And the branch of another name has no run of its own.
    world.sandbox.git(&work, &["switch", "-qc", "other"]);
    assert_eq!(why(&world)["last_run"], Value::Null);
}

#[test]
fn the_guard_that_holds_the_next_run_is_named_with_the_layer_of_its_value() {
    let world = World::new();
    world.report(&["run"]);
    world.user_policy("[branches]\nprotected = [\"feature/*\"]\n");
    let document = why(&world);
    assert_eq!(decided(&document, "name"), pair("passes", "passes"));
    assert_eq!(decided(&document, "protected"), pair("passes", "holds"));
    assert_eq!(decided(&document, "remote"), pair("passes", "not-reached"));
    let guards = document["guards"].as_array().unwrap();
    let guard = guards.iter().find(|guard| guard["name"] == "protected");
    let layers: Vec<&str> = guard.unwrap()["settings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|setting| setting["layer"].as_str())
        .collect();
    assert_eq!(layers, ["built-in", "user"]);
    let steps = document["steps"].as_array().unwrap();
    let push = steps.iter().find(|step| step["name"] == "push").unwrap();
    assert_eq!(push["last"]["verdict"], "done");
    assert_eq!(push["next"]["reason"], "protected-branch");
}

#[test]
fn it_is_one_screen() {
    let world = World::new();
    world.user_policy("[branches]\nprotected = [\"feature/*\"]\n");
    let text = world.normalise(&world.run(&["why"]).stdout);
    assert!(text.lines().count() <= 48, "{text}");
    insta::assert_snapshot!(text);
}
