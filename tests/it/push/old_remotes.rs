//! Remotes in the files that git had before its configuration, and still reads.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::world::{World, step};

/// A clone without a remote in its configuration.
fn world() -> World {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["remote", "remove", "origin"]);
    world
}

fn url(world: &World) -> String {
    format!("{}/acme/rocket.git", world.url_with_login())
}

fn head(world: &World) -> String {
    world.sandbox.git(world.work(), &["rev-parse", "HEAD"])
}

/// Pushes with git, takes the branch off the server again, and pushes with the program.
fn both_arrive(world: &World, directory: &Path) {
    let push = ["-c", "push.default=current", "push", "-q"];
    world.sandbox.git(directory, &push);
    assert_eq!(world.tip("feature/x"), head(world));
    let delete = ["update-ref", "-d", "refs/heads/feature/x"];
    world.sandbox.git(world.bare(), &delete);
    let said = world.run_in(directory, &["run", "post-commit"], &world.variables());
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert_eq!(world.tip("feature/x"), head(world), "{}", said.stdout);
}

#[test]
fn a_remote_in_a_file_of_its_own_is_pushed_to_as_by_git() {
    let world = world();
    let pull = "Pull: refs/heads/*:refs/remotes/origin/*";
    let text = format!(
        "URL:  {}  \n{pull}\nPush: refs/heads/*:refs/heads/*\n",
        url(&world)
    );
    world.sandbox.write("clone/.git/remotes/origin", text);
    both_arrive(&world, &world.work());
    let tracked = ["rev-parse", "refs/remotes/origin/feature/x"];
    assert_eq!(world.sandbox.git(world.work(), &tracked), head(&world));
}

#[test]
fn a_remote_of_one_branch_is_pushed_to_as_by_git() {
    let world = world();
    // Git would push to the branch behind the `#`; each branch goes to the one of its own name here.
    let text = format!("{}#feature/x\n", url(&world));
    world.sandbox.write("clone/.git/branches/origin", text);
    both_arrive(&world, &world.work());
}

#[test]
fn the_remote_that_a_branch_names_may_be_in_such_a_file() {
    let world = world();
    let text = format!("URL: {}\n", url(&world));
    world.sandbox.write("clone/.git/remotes/backup", text);
    let set = |key: &str, value: &str| {
        world.sandbox.git(world.work(), &["config", key, value]);
    };
    set("branch.feature/x.remote", "backup");
    both_arrive(&world, &world.work());
    // What the configuration says of a remote of that name goes before.
    set("remote.backup.url", "https://other.test/r.git");
    let report = world.report(&["plan", "post-commit"]);
    assert!(report.to_string().contains("other.test"), "{report}");
}

#[test]
fn a_file_that_is_a_link_or_a_pipe_is_told_and_the_advice_moves_it() {
    let world = world();
    let text = format!("URL: {}\n", url(&world));
    let elsewhere = world.sandbox.write("elsewhere", text);
    let file = world.sandbox.path("clone/.git/remotes/origin");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let report = world.report(&["run", "post-commit"]);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "remote-absent", "{push}");
    insta::assert_snapshot!(push["summary"].as_str().unwrap(), @"the file `remotes/origin` of the git directory, which names the remote, cannot be read: it is, or lies behind, a symbolic link");
    assert_eq!(world.tip("feature/x"), "");
    let advice = push["advice"].as_str().unwrap();
    let command = advice
        .strip_prefix("move it to the git configuration: git ")
        .unwrap();
    let arguments: Vec<&str> = command.split(' ').collect();
    world.sandbox.git(world.work(), &arguments);
    let said = world.run(&["run", "post-commit"]);
    assert_eq!(world.tip("feature/x"), head(&world), "{}", said.stdout);
}
