//! `sendoff policy edit`, with editors that save this or that.

use std::fs;

use crate::program::Said;
use crate::world::World;

/// Edits with an editor that is a command of the shell.
fn edit(world: &World, editor: &str, arguments: &[&str]) -> Said {
    let mut variables = world.variables();
    variables.push(("EDITOR", editor.to_owned()));
    let arguments = [&["policy", "edit"], arguments].concat();
    world.run_in(&world.work(), &arguments, &variables)
}

/// Writes an editor that saves `text`, and returns its path.
fn saves(world: &World, text: &str) -> String {
    let script = format!("#!/bin/sh\ncat > \"$1\" <<'END'\n{text}\nEND\n");
    let editor = world.sandbox.executable("an editor", script);
    format!("'{}'", editor.display())
}

#[test]
fn what_the_editor_saves_is_kept_and_checked() {
    let world = World::new();
    let said = edit(&world, &saves(&world, "[limits]\ncommits = 5"), &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stdout.ends_with("policy.toml: policy OK\n"),
        "{}",
        said.stdout
    );
    assert_eq!(
        fs::read_to_string(world.home_policy()).unwrap(),
        "[limits]\ncommits = 5\n"
    );
}

#[test]
fn a_mistake_is_shown_and_the_file_stays_as_it_was_saved() {
    let world = World::new();
    let said = edit(&world, &saves(&world, "[limits]\ncommit = 5"), &[]);
    assert_eq!(said.code, Some(78));
    insta::assert_snapshot!(world.normalise(&said.stderr));
    assert_eq!(
        fs::read_to_string(world.home_policy()).unwrap(),
        "[limits]\ncommit = 5\n"
    );
    // The advice, obeyed.
    let said = edit(&world, "sed -i s/commit/commits/", &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn a_new_file_has_every_key_commented_and_changes_nothing() {
    let world = World::new();
    let before = world
        .run(&["policy", "show", "--set", "limits.commits=7"])
        .stdout;
    fs::remove_file(world.home_policy()).unwrap();
    let said = edit(&world, "true", &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let written = fs::read_to_string(world.home_policy()).unwrap();
    let set = written
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    assert_eq!(set.count(), 0, "{written}");
    assert!(written.lines().count() < 40, "{written}");
    world.user_policy("");
    let after = world
        .run(&["policy", "show", "--set", "limits.commits=7"])
        .stdout;
    assert_eq!(before, after);
}

#[test]
fn every_commented_key_is_one_that_can_be_set() {
    let world = World::new();
    let printed = world.run(&["policy", "init", "--print"]).stdout;
    let lines = printed.lines().skip(2);
    let uncommented: Vec<&str> = lines
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect();
    let uncommented = uncommented.join("\n");
    let file = world.sandbox.write("uncommented.toml", &uncommented);
    let said = world.run(&["policy", "check", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{uncommented}", said.stderr);
}

#[test]
fn the_repositorys_policy_is_edited_where_it_is_asked_for() {
    let world = World::new();
    let said = edit(
        &world,
        &saves(&world, "[branches]\nprotected = [\"trunk\"]"),
        &["--repo"],
    );
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(world.work().join(".sendoff.toml").exists());
}

#[test]
fn an_editor_that_fails_is_told() {
    let world = World::new();
    for (editor, told) in [
        ("false", "the editor `false` ended with exit status: 1: "),
        (
            "/no/such/editor",
            "the editor `/no/such/editor` ended with exit status: 127: ",
        ),
    ] {
        let said = edit(&world, editor, &[]);
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains(told), "{}", said.stderr);
        assert!(said.stderr.contains("is not checked"), "{}", said.stderr);
    }
    let mut variables = world.variables();
    variables.push(("VISUAL", "exit 7;".into()));
    variables.push(("EDITOR", "true".into()));
    let said = world.run_in(&world.work(), &["policy", "edit"], &variables);
    assert!(
        said.stderr.contains("exit status: 7"),
        "VISUAL comes first: {}",
        said.stderr
    );
}

#[test]
fn all_keys_are_shown_with_where_their_values_come_from() {
    let world = World::new();
    world.user_policy("[limits]\ncommits = 5\n");
    let set = world.run(&["policy", "show"]).stdout;
    let all = world.run(&["policy", "show", "--all"]).stdout;
    assert!(!set.contains("# default") && all.lines().count() > 2 * set.lines().count());
    for (line, origin) in [
        ("limits.commits = 5 ", "# user"),
        ("steps.pr-create.draft = \"auto\" ", "# default"),
        ("steps.push.rewrite = \"refuse\" ", "# default"),
        ("steps.pr-create.body = ", "# default"),
    ] {
        let found = all.lines().find(|found| found.starts_with(line));
        assert!(
            found.is_some_and(|found| found.ends_with(origin)),
            "{line}: {all}"
        );
    }
    let keys: Vec<&str> = all
        .lines()
        .filter_map(|line| line.split(" = ").next())
        .collect();
    let commits = keys.iter().filter(|key| **key == "limits.commits");
    assert_eq!(commits.count(), 1);
}
