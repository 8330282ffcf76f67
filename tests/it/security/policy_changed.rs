//! A policy that changes on the remote during the run: the rest of the run is planned again under it, once.

use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{World, step};

use super::policy_base::{
    labels, labels_of_newest, notes, on_server, policy_note, policy_on_server,
    pull_requests_may_follow,
};

/// A world whose clone knows the policy `old` of the remote, with a pull request that was closed.
fn knowing_the_old() -> World {
    let world = World::new();
    pull_requests_may_follow(&world);
    policy_on_server(&world, &labels("old"));
    world.sandbox.write("clone/.sendoff.toml", "");
    world.report(&["run"]);
    assert_eq!(labels_of_newest(&world), ["old"]);
    world.forge.close(world.forge.pulls().pop().unwrap().number);
    world
}

fn message<'a>(report: &'a Value, what: &str) -> &'a str {
    policy_note(report)[what].as_str().unwrap()
}

#[test]
fn the_branch_ships_under_the_new_policy_in_the_same_run() {
    supervise!();
    let world = &knowing_the_old();
    // Another commit on the policy base is no other policy.
    on_server(world, "more.txt", "more");
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run"]);
    assert_eq!(notes(&report), [""; 0], "{report}");
    world.forge.close(world.forge.pulls().pop().unwrap().number);
    policy_on_server(world, &labels("new"));
    let head = world.commit("again.txt", "again", "Add again");
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    assert_eq!(said.code, Some(0), "{report}");
    assert_eq!(world.tip("feature/x"), head, "{report}");
    assert_eq!(labels_of_newest(world), ["new"]);
    assert_eq!(notes(&report), ["policy-changed"], "{report}");
    let expected = "the repository's policy on main has changed since this run began: the branch was planned again with that of ";
    let message = message(&report, "message");
    assert!(message.starts_with(expected), "{message}");
    // It is kept.
    assert_eq!(notes(&world.report(&["run"])), [""; 0]);
}

#[test]
fn what_the_new_policy_forbids_does_not_leave() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, "[branches]\nprotected = [\"feature/*\"]\n");
    world.commit("again.txt", "again", "Add again");
    let before = world.tip("feature/x");
    let report = world.report(&["run"]);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "protected-branch", "{report}");
    assert_eq!(world.tip("feature/x"), before, "something was sent");
    assert!(world.forge.pulls().is_empty());
}

#[test]
fn a_policy_that_is_gone_leaves_the_one_of_the_work_tree() {
    supervise!();
    let world = &knowing_the_old();
    // The work tree says the same as the policy base, so that it is no layer of its own while that says it.
    let both = "[steps.pr-create]\ndraft = \"always\"\n";
    policy_on_server(world, both);
    world.sandbox.write("clone/.sendoff.toml", both);
    assert_eq!(notes(&world.report(&["run"])), ["policy-changed"]);
    let first = world.forge.pulls().pop().unwrap();
    assert!(first.draft);
    world.forge.close(first.number);
    policy_on_server(world, "");
    world.commit("again.txt", "again", "Add again");
    let report = world.report(&["run"]);
    assert_eq!(notes(&report), ["policy-changed"], "{report}");
    let second = world.forge.pulls().pop().unwrap();
    assert!(second.number > first.number && second.draft, "{report}");
}

#[test]
fn messages_that_went_out_do_not_go_out_again() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, &labels("new"));
    world.commit("again.txt", "again", "Add again");
    let before = world.platform.memories().len();
    let report = world.run_task("Remember this").report();
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(notes(&report), ["policy-changed"], "{report}");
    assert_eq!(labels_of_newest(world), ["new"]);
    assert_eq!(world.platform.memories().len(), before + 1);
    let names: Vec<&str> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect();
    assert_eq!(
        names,
        ["memory-commit", "heartbeat-clear", "push", "pr-create"]
    );
}

fn name(step: &Value) -> &str {
    step["name"].as_str().unwrap()
}

#[test]
fn a_pull_request_of_a_pushed_branch_hears_of_it_too() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, &labels("new"));
    // Nothing is sent, so that the push does not compare.
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(notes(&report), ["policy-changed"], "{report}");
    assert_eq!(labels_of_newest(world), ["new"]);
}

#[test]
fn one_step_alone_is_planned_again_with_its_own_settings() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, &labels("new"));
    let head = world.commit("again.txt", "again", "Add again");
    let said = world.run(&["step", "push", "--with", "set-upstream=true", "--json"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(world.tip("feature/x"), head);
    let upstream = ["rev-parse", "--abbrev-ref", "@{upstream}"];
    assert_eq!(
        world.sandbox.git(world.work(), &upstream),
        "origin/feature/x"
    );
}

#[test]
fn a_policy_with_other_steps_is_planned_with_by_the_next_run() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, "[pipelines]\npost-task = [\"push\"]\n");
    world.commit("again.txt", "again", "Add again");
    let before = world.tip("feature/x");
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "policy-changed", "{report}");
    assert_eq!(push["verdict"], "queued", "{report}");
    let expected = "the repository's policy on main has changed since this run began: ";
    let summary = push["summary"].as_str().unwrap();
    assert!(summary.contains(expected), "{summary}");
    assert_eq!(world.tip("feature/x"), before, "something was sent");
    // The advice, obeyed.
    assert!(push["advice"].as_str().unwrap().contains("run again now"));
    let report = world.report(&["run"]);
    assert_eq!(report["steps"].as_array().unwrap().len(), 1, "{report}");
    assert_ne!(world.tip("feature/x"), before);
}

/// Guards against a remote that keeps a run busy with one policy after the other.
#[test]
fn a_policy_that_changes_once_more_leaves_the_branch_for_later() {
    supervise!();
    let world = &knowing_the_old();
    policy_on_server(world, &labels("new"));
    world.commit("again.txt", "again", "Add again");
    let before = world.tip("feature/x");
    // Whoever asks where the branches are finds another policy than the one before.
    let bare = world.bare();
    let script = format!(
        "#!/bin/sh\nnumber=$(cat {0}/number 2>/dev/null || echo 0)\nnumber=$((number + 1))\necho $number > {0}/number\n\
         cd {1}\nblob=$(printf '[steps.pr-create]\\nlabels = [\"new%s\"]\\n' $number | git hash-object -w --stdin)\n\
         tree=$(printf '100644 blob %s\\t.sendoff.toml\\n' $blob | git mktree)\n\
         git update-ref refs/heads/main $(git commit-tree -m Move -p main $tree)\n",
        world.sandbox.path("").display(),
        bare.display()
    );
    let hook = world.sandbox.path("clone/.git/hooks/pre-push");
    world.sandbox.executable(&hook, script);
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "policy-changed", "{report}");
    assert_eq!(push["verdict"], "queued", "{report}");
    assert_eq!(world.tip("feature/x"), before, "something was sent");
    let number = std::fs::read_to_string(world.sandbox.path("number")).unwrap();
    assert_eq!(number.trim(), "2");
}
