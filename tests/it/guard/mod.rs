//! The policy's `[guard]`: what a branch may bring to the remote, what is said of it, and what follows the advice.

mod files;

use sendoff_testing::supervise;
use serde_json::Value;

use crate::program::Said;
use crate::world::{World, step};

/// A world whose user's policy has a `[guard]`.
fn world(guard: &str) -> World {
    let world = World::new();
    world.user_policy(&format!("[guard]\n{guard}\n"));
    world
}

/// Commits a file of the clone.
fn commit(world: &World, path: &str, text: &str, subject: &str) {
    world.sandbox.write(&format!("clone/{path}"), text);
    git(world, &["add", "--all"]);
    git(world, &["commit", "-qm", subject]);
}

fn git(world: &World, arguments: &[&str]) -> String {
    world.sandbox.git(world.work(), arguments)
}

/// Runs the push, as a person does by hand.
fn ship(world: &World) -> (Said, Value) {
    let said = world.run(&["run", "post-commit", "--json"]);
    let report = said.report();
    (said, report)
}

/// Checks that the branch is not pushed, and returns the sentence and the advice.
fn held(world: &World, code: &str) -> String {
    let (said, report) = ship(world);
    let push = step(&report, "push");
    assert_eq!(push["reason"], code, "{report}");
    assert_eq!(push["verdict"], "skipped", "{report}");
    assert_eq!(step(&report, "pr-create")["verdict"], "skipped", "{report}");
    // Whoever ran it by hand would take 0 for "it is out".
    assert_eq!(said.code, Some(1), "{report}");
    assert_eq!(world.tip("feature/x"), "", "{report}");
    format!(
        "{}\n{}",
        push["summary"].as_str().unwrap(),
        push["advice"].as_str().unwrap()
    )
}

/// Checks that the branch is pushed, and returns the notes of a code.
fn shipped(world: &World, code: &str) -> Vec<String> {
    let (said, report) = ship(world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(said.code, Some(0), "{report}");
    assert_eq!(world.tip("feature/x"), git(world, &["rev-parse", "HEAD"]));
    let notes = report["notes"].as_array().unwrap();
    let notes = notes.iter().filter(|note| note["code"] == code);
    notes
        .map(|note| note["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_branch_of_another_name_is_held_until_it_is_renamed() {
    supervise!();
    let world = world("branch = \"agent/*\"");
    insta::assert_snapshot!(held(&world, "branch-pattern"), @r"
    feature/x is not pushed: the policy lets out `agent/*` (guard.branch)
    rename the branch: git branch -m NAME
    ");
    git(&world, &["branch", "-m", "agent/x"]);
    let (_, report) = ship(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(world.tip("agent/x"), git(&world, &["rev-parse", "HEAD"]));
}

#[test]
fn commits_that_are_not_meant_to_be_published_are_held_until_they_are_finished() {
    supervise!();
    let world = world("private = \"hold\"");
    commit(
        &world,
        "a.txt",
        "one\ntwo\nthree\n",
        "fixup! Add a line to it",
    );
    commit(&world, "b.txt", "b\n", "WIP: add b");
    insta::assert_snapshot!(held(&world, "private-commits"), @r"
    the branch has commits that are not meant to be published (guard.private): `fixup! Add a line to it`, `WIP: add b`
    finish them (git rebase -i --autosquash) and run again
    ");
    git(&world, &["commit", "-q", "--amend", "-m", "Add b"]);
    let squash = [
        "-c",
        "sequence.editor=true",
        "rebase",
        "-q",
        "-i",
        "--autosquash",
        "main",
    ];
    git(&world, &squash);
    assert!(shipped(&world, "private-commits").is_empty());
}

#[test]
fn by_itself_a_commit_that_is_not_meant_to_be_published_is_pushed() {
    supervise!();
    let world = World::new();
    commit(&world, "b.txt", "b\n", "WIP: add b");
    assert!(shipped(&world, "private-commits").is_empty());
}

#[test]
fn commits_of_other_authors_are_held_or_noted() {
    supervise!();
    let world = world("foreign-authors = \"hold\"");
    git(
        &world,
        &["config", "--global", "user.email", "me@example.com"],
    );
    let own = [
        "commit",
        "-q",
        "--allow-empty",
        "--author",
        "Me <ME@example.com>",
        "-m",
        "Mine",
    ];
    git(&world, &["reset", "-q", "--hard", "main"]);
    git(&world, &own);
    let other = [
        "commit",
        "-q",
        "--allow-empty",
        "--author",
        "Eve <eve@example.com>",
        "-m",
        "Not mine",
    ];
    git(&world, &other);
    insta::assert_snapshot!(held(&world, "foreign-author"), @r"
    the branch brings commits of other authors: `Not mine` by Eve
    if they are meant to be there, push them by hand, or set `guard.foreign-authors` in the user's policy
    ");
    // Git takes the author from the environment first, and so does the guard.
    let variables = [("GIT_AUTHOR_EMAIL", "eve@example.com".to_owned())];
    let said = world.run_in(&world.work(), &["run", "post-commit", "--json"], &variables);
    let push = said.report();
    assert!(
        step(&push, "push")["summary"]
            .as_str()
            .unwrap()
            .contains("`Mine` by Me"),
        "{push}"
    );
    // The advice, obeyed.
    world.user_policy("[guard]\nforeign-authors = \"note\"\n");
    assert_eq!(
        shipped(&world, "foreign-author"),
        ["the branch brings commits of other authors: `Not mine` by Eve"]
    );
}

#[test]
fn a_repository_can_tighten_a_guard_and_not_loosen_it() {
    supervise!();
    let world = World::new();
    let policy = |text: &str| drop(world.sandbox.write("clone/.sendoff.toml", text));
    // The work tree's copy, which the branch need not have.
    policy("[guard]\nprivate = \"hold\"\n");
    git(&world, &["commit", "-q", "--allow-empty", "-m", "WIP"]);
    held(&world, "private-commits");
    world.user_policy("[guard]\nprivate = \"hold\"\npaths = \"hold\"\n");
    policy("[guard]\nprivate = \"draft\"\n");
    held(&world, "private-commits");
    policy("[guard]\npaths = \"allow\"\n");
    held(&world, "private-commits");
}

/// A hook says in one line what keeps the branch here, and exits with 0.
#[test]
fn a_hook_says_what_a_guard_holds() {
    supervise!();
    let world = world("branch = \"agent/*\"");
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.stderr, @"sendoff: feature/x is not pushed: the policy lets out `agent/*` (guard.branch); see: sendoff why");
}
