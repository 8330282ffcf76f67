//! `sendoff plan` and `--dry-run`: what would run, and no side effect at all.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
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

#[test]
fn a_plan_says_what_the_policy_has_the_push_do_besides() {
    let world = World::new();
    world.user_policy(
        "[branches]\nbase = \"main\"\n[limits]\nhook-timeout = \"90s\"\n\
         [steps.push]\noptions = [\"ci.skip\", \"topic=x\"]\nset-upstream = true\n",
    );
    std::fs::write(world.work().join(".gitmodules"), "").unwrap();
    let hook = world
        .sandbox
        .write("clone/.git/hooks/pre-push", "#!/bin/sh\n");
    std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let push = |arguments: &[&str]| {
        let said = world.run(arguments);
        let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let lines = plan["groups"][0][2]["details"].as_array().unwrap().clone();
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
        world.normalise(&lines.join("\n"))
    };
    insta::assert_snapshot!(push(&["plan", "--json"]), @r"
    runs the pre-push hook [ROOT]/clone/.git/hooks/pre-push first, for at most 90s (limits.hook-timeout)
    checks first that the submodules are pushed (steps.push.submodules)
    tells the server's hooks: ci.skip, topic=x (steps.push.options)
    makes the pushed branch the upstream of the local one (steps.push.set-upstream)
    ");
    insta::assert_snapshot!(push(&["plan", "--json", "--trigger", "executor", "--set", "steps.push.submodules=ignore"]), @r"
    the pre-push hook was skipped: an agent asked for the push (steps.push.hooks)
    does not look whether the submodules are pushed (steps.push.submodules)
    tells the server's hooks: ci.skip, topic=x (steps.push.options)
    makes the pushed branch the upstream of the local one (steps.push.set-upstream)
    ");
    let text = world.run(&["plan"]).stdout;
    assert!(
        text.contains(
            "          tells the server's hooks: ci.skip, topic=x (steps.push.options)\n"
        ),
        "{text}"
    );
}
