//! What is not committed at the end of a task is a note with counts.

use serde_json::Value;

use crate::world::World;

/// Returns the note on what is not committed.
fn note(report: &Value) -> Option<&Value> {
    let notes = report["notes"].as_array().unwrap();
    notes.iter().find(|note| note["code"] == "uncommitted")
}

/// Returns its sentence; empty where there is none.
fn told(report: &Value) -> &str {
    note(report).map_or("", |note| note["message"].as_str().unwrap())
}

/// A world whose clone has one changed and two untracked files.
fn world() -> World {
    let world = World::new();
    world.sandbox.write("clone/README", "changed\n");
    world.sandbox.write("clone/new", "new\n");
    world.sandbox.write("clone/newer", "new\n");
    world
}

const COUNTS: &str = "not committed, and so not pushed: 1 changed file and 2 untracked files";

#[test]
fn a_run_by_hand_and_an_agents_tell_what_is_not_committed() {
    for trigger in ["manual", "executor", "claude-code", "generic"] {
        let world = world();
        let report = world.report(&["run", "--trigger", trigger]);
        assert_eq!(told(&report), COUNTS, "{trigger}");
        assert_eq!(report["verdict"], "done", "a note is no failure");
        assert_eq!(report["exit_code"], 0);
    }
}

#[test]
fn a_person_reads_the_counts_and_what_to_do() {
    let said = world().run(&["run"]);
    let told: Vec<&str> = said
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("note"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    note     not committed, and so not pushed: 1 changed file and 2 untracked files
             -> `git status` lists them; commit what belongs to the task, and ignore or remove the rest
    ");
}

#[test]
fn the_advice_that_is_obeyed_ends_the_note() {
    let world = world();
    let report = world.report(&["run"]);
    let advice = note(&report).unwrap()["advice"].as_str().unwrap();
    assert!(
        advice.contains("commit") && advice.contains("ignore"),
        "{advice}"
    );
    world
        .sandbox
        .git(world.work(), &["commit", "-q", "-am", "The rest"]);
    world.sandbox.write("clone/.git/info/exclude", "/new*\n");
    assert_eq!(note(&world.report(&["run"])), None);
}

#[test]
fn who_does_not_end_a_task_hears_nothing() {
    let world = world();
    for arguments in [
        &["run", "--trigger", "git-post-commit"][..],
        &["run", "post-commit", "--trigger", "git-post-merge"],
        &["run", "pre-task"],
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        assert_eq!(note(&world.run(&arguments).report()), None, "{arguments:?}");
    }
    let said = world.run(&["step", "push"]);
    assert_eq!(said.stderr, "", "a step alone is no task");
}

#[test]
fn a_branch_without_new_commits_is_told_what_it_lacks_and_a_protected_one_is_not() {
    let world = world();
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "-C", "feature/y", "main"]);
    let report = world.report(&["run"]);
    assert_eq!(told(&report), COUNTS, "{report}");
    world.sandbox.git(world.work(), &["switch", "-q", "main"]);
    assert_eq!(note(&world.report(&["run"])), None);
    let executor = ["run", "--trigger", "executor"];
    let report = world.report(&executor);
    assert_eq!(
        told(&report),
        COUNTS,
        "what an agent leaves is told: {report}"
    );
}

#[test]
fn a_run_that_waits_for_nothing_does_not_count_what_takes_longer_than_it() {
    let world = world();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["switch", "-q", "-C", "feature/y", "main"]);
    let blob = git(&["rev-parse", "HEAD:README"]);
    let entry = |number| format!("100644 {}\tmany/{number:08}\n", blob.trim());
    let many: Vec<String> = (0..8_000).map(entry).collect();
    let clone = world.sandbox.path("clone");
    world.sandbox.feed(
        &clone,
        &["update-index", "--add", "--index-info"],
        many.concat(),
    );
    // The messages would wait for the platform.
    let variables = world.variables().into_iter();
    let variables: Vec<_> = variables
        .filter(|(name, _)| *name != "PLATFORM_URL")
        .collect();
    let run = || {
        world
            .run_in(&world.work(), &["run", "--json"], &variables)
            .report()
    };
    assert_eq!(note(&run()), None);
    git(&["read-tree", "HEAD"]);
    assert_eq!(told(&run()), COUNTS);
}

#[test]
fn a_count_without_an_end_ends_with_the_run() {
    let world = world();
    world.sandbox.pipe("clone/.gitignore");
    let report = world.report(&["run"]);
    assert_eq!(note(&report), None);
    assert_eq!(report["verdict"], "done");
}

#[test]
fn the_history_keeps_the_note_of_a_hooks_run() {
    let world = world();
    let said = world.run(&["hook", "executor"]);
    assert_eq!(said.code, Some(0));
    let report = world.run(&["status", "--wait", "60s", "--json"]).report();
    assert_eq!(told(&report), COUNTS);
}
