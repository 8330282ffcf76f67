//! `sendoff plan` and `--dry-run`: what would run, and no side effect at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::world::World;

/// Reads every file below a directory.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_plan_changes_nothing_and_asks_nobody() {
    let world = World::new();
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["run", "--dry-run"],
        &["plan", "post-commit"],
    ] {
        let before = files(&world.sandbox.path(""));
        let said = world.run(arguments);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(!said.stdout.is_empty());
        assert_eq!(
            files(&world.sandbox.path("")),
            before,
            "{arguments:?} wrote something"
        );
    }
    assert!(world.git.log().is_empty());
    assert!(world.forge.log().is_empty());
    assert!(world.platform.log().is_empty());
}

#[test]
fn a_plan_says_what_would_run_and_where_to() {
    let world = World::new();
    let said = world.run(&["plan", "--set", "branches.base=main"]);
    let mut text = world.normalise(&said.stdout);
    for commit in world
        .sandbox
        .git(
            world.work(),
            &["log", "--format=%h", "--abbrev=8", "main.."],
        )
        .lines()
    {
        text = text.replace(commit, "[COMMIT]");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_says_why_nothing_would_be_pushed() {
    let world = World::new();
    world.sandbox.git(world.work(), &["switch", "-q", "main"]);
    let said = world.run_in(&world.work(), &["plan", "post-task"], &[]);
    insta::assert_snapshot!(world.normalise(&said.stdout));
}

#[test]
fn a_plan_as_json_has_a_version() {
    let world = World::new();
    let said = world.run(&["plan", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["schema"], "sendoff.plan/1");
    assert_eq!(plan["groups"][0][2]["name"], "push");
    assert_eq!(plan["groups"][0][2]["runs"], true);
}
