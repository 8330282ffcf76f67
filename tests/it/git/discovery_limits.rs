//! Tests of `git::discovery_limits`, beside git.

use std::path::Path;

use sendoff_testing::{left_out, supervise};

use crate::world::World;

/// Says whether git and the program find the repository of `directory`, with `value` in a variable. They have to agree.
fn is_found(world: &World, directory: &Path, variable: (&'static str, &str)) -> bool {
    let (name, value) = variable;
    let mut git = world.sandbox.command("git");
    git.args(["rev-parse", "--git-dir"])
        .current_dir(directory)
        .env(name, value);
    let expected = git.output().unwrap().status.success();
    let mut variables = world.variables();
    variables.push((name, value.to_owned()));
    let plan = world
        .run_in(directory, &["plan", "--json"], &variables)
        .report();
    let found = plan["repo"]["branch"] == "feature/x";
    assert_eq!(
        found,
        expected,
        "{name}={value} in {}: {plan}",
        directory.display()
    );
    found
}

#[test]
fn the_search_ends_where_git_ends_it() {
    supervise!();
    let world = World::new();
    let top = world.work();
    let below = top.join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    std::os::unix::fs::symlink(&top, world.sandbox.path("link")).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (link, parent) = (
        path(&world.sandbox.path("link")),
        path(top.parent().unwrap()),
    );
    let cases = [
        // The directory itself is always looked at.
        (&top, path(&top), true),
        (&top, parent.clone(), true),
        (&below, path(&top), false),
        (&below, format!("{}/", path(&top)), false),
        (&below, path(&top.join("a")), false),
        (&below, path(&below), true),
        (&below, parent.clone(), true),
        (&below, "/".to_owned(), true),
        (&below, format!("{parent}:{}:/nowhere", path(&top)), false),
        (&below, String::new(), true),
        // One that is relative is none.
        (&below, "clone".to_owned(), true),
        // Links are resolved, but not behind an empty one.
        (&below, link.clone(), false),
        (&below, format!(":{link}"), true),
        (&below, format!(":{}", path(&top)), false),
    ];
    for (directory, value, expected) in cases {
        let found = is_found(&world, directory, ("GIT_CEILING_DIRECTORIES", &value));
        assert_eq!(found, expected, "{value} in {}", directory.display());
    }
}

/// Asks git and the program in a file system of its own below the work tree: `FOUND` for each that finds the repository.
fn across(world: &World, value: &str) -> Option<String> {
    let mount = world.work().join("mounted");
    std::fs::create_dir_all(&mount).unwrap();
    let script = "mount -t tmpfs none \"$1\"; cd \"$1\"
        if git rev-parse --git-dir >/dev/null 2>&1; then echo FOUND; else echo none; fi
        if \"$0\" plan --json | grep -q feature/x; then echo FOUND; else echo none; fi";
    let program = world.command(&[]);
    let mut command = world.sandbox.command("unshare");
    let said = command
        .args(["--mount", "sh", "-ec", script])
        .arg(program.get_program())
        .arg(&mount)
        .envs(world.variables())
        .env("GIT_DISCOVERY_ACROSS_FILESYSTEM", value)
        .output()
        .unwrap();
    said.status
        .success()
        .then(|| String::from_utf8(said.stdout).unwrap())
}

#[test]
fn another_file_system_is_entered_where_git_enters_it() {
    supervise!();
    let world = World::new();
    for (value, expected) in [("1", "FOUND\nFOUND\n"), ("", "none\nnone\n")] {
        let Some(said) = across(&world, value) else {
            left_out("mount", "a file system cannot be mounted here");
            return;
        };
        assert_eq!(said, expected, "GIT_DISCOVERY_ACROSS_FILESYSTEM={value}");
    }
}
