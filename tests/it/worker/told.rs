//! What a hook tells a person: one line, and the command that tells more.

use crate::world::{World, step};

use super::last_report;

#[test]
fn a_hook_says_in_one_line_what_did_not_ship() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"5s\"");
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    world.run(&["run", "post-commit", "--json"]);
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = said.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("sendoff: feature/x waits since "),
        "{line}"
    );
    assert!(line.ends_with("; see: sendoff why"), "{line}");
    last_report(&world);
    // What it names tells more.
    let why = world.run(&["why"]).stdout;
    assert!(why.contains("Connection refused"), "{why}");
    assert!(
        why.contains("-> check that the remote can be reached"),
        "{why}"
    );
}

/// The same of a branch that failed for good: somebody else pushed to it.
#[test]
fn a_hook_says_in_one_line_what_failed() {
    let world = World::new();
    let bare = world.bare();
    let commit = "commit-tree -m theirs main^{tree}";
    let theirs = world
        .sandbox
        .git(&bare, &commit.split(' ').collect::<Vec<_>>());
    world
        .sandbox
        .git(&bare, &["update-ref", "refs/heads/feature/x", &theirs]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["reason"], "diverged", "{report}");
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = said.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("sendoff: feature/x did not ship at ")
            && line.ends_with("; see: sendoff why"),
        "{line}"
    );
    last_report(&world);
    let why = world.run(&["why"]).stdout;
    assert!(why.contains("(diverged)"), "{why}");
}
