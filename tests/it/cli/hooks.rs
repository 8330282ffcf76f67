//! The files in `hooks/`, run as git and a shell run them.

use std::path::{Path, PathBuf};

use crate::world::World;

/// Installs a hook, and puts the program on the search path.
fn install(world: &World, name: &str, to: &Path) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("hooks")
        .join(name);
    let hook = std::fs::read(from).unwrap();
    world.sandbox.executable(to, hook);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_sendoff"));
    world.sandbox.search_path_from(program.parent().unwrap())
}

/// Waits for the report on what a hook handed over.
fn last_report(world: &World, work: &Path) -> serde_json::Value {
    let arguments = ["status", "--wait", "60s", "--json"];
    world.run_in(work, &arguments, &world.variables()).report()
}

fn commit(world: &World, work: &Path, path: &str) -> std::process::Output {
    world
        .sandbox
        .command("git")
        .args(["commit", "-q", "--allow-empty", "-m", "From a hook"])
        .current_dir(work)
        .env("PATH", path)
        .envs(world.variables())
        .output()
        .unwrap()
}

#[test]
fn post_commit_ships_the_branch_after_a_commit() {
    let world = World::new();
    let path = install(
        &world,
        "post-commit",
        &world.work().join(".git/hooks/post-commit"),
    );
    let output = commit(&world, &world.work(), &path);
    assert!(output.status.success());
    last_report(&world, &world.work());
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(
        world.tip("feature/x"),
        head,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(world.forge.pulls().len(), 1);
    assert!(!world.forge.pulls()[0].draft, "a person committed");
}

#[test]
fn an_executor_that_says_nothing_has_its_branch_shipped() {
    let world = World::new();
    let script = world.sandbox.path("bin/executor-finally.sh");
    let path = install(&world, "executor-finally.sh", &script);
    let output = world
        .sandbox
        .command(&script)
        .current_dir(world.work())
        .env("PATH", path)
        .envs(world.variables())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    last_report(&world, &world.work());
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head, "{output:?}");
    assert_eq!(world.forge.pulls().len(), 1, "{output:?}");
}

#[test]
fn post_commit_in_a_linked_worktree_ships_that_worktrees_branch() {
    let world = World::new();
    let path = install(
        &world,
        "post-commit",
        &world.work().join(".git/hooks/post-commit"),
    );
    let linked = world.linked("linked", "feature/linked");
    let output = commit(&world, &linked, &path);
    last_report(&world, &linked);
    let head = world.sandbox.git(&linked, &["rev-parse", "HEAD"]);
    assert_eq!(
        world.tip("feature/linked"),
        head,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn post_commit_never_fails_a_commit() {
    let world = World::new();
    let path = install(
        &world,
        "post-commit",
        &world.work().join(".git/hooks/post-commit"),
    );
    let gone = format!("{}/acme/gone.git", world.git.url());
    world.point_to(&gone);
    assert!(commit(&world, &world.work(), &path).status.success());
}

#[test]
fn executor_finally_ships_a_draft_and_prints_the_run_id() {
    let world = World::new();
    let hook = world.sandbox.path("bin/executor-finally.sh");
    let path = install(&world, "executor-finally.sh", &hook);
    let task = world
        .sandbox
        .write("task.json", r#"{"task":{"input":"paint it","ok":true}}"#);
    let run = |arguments: &[&str], input: std::process::Stdio| {
        let output = world
            .sandbox
            .command(&hook)
            .args(arguments)
            .current_dir(world.work())
            .env("PATH", &path)
            .envs(world.variables())
            .stdin(input)
            .output()
            .unwrap();
        assert!(output.status.success());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let report = last_report(&world, &world.work());
        assert_eq!(report["trigger"], "executor");
        assert_eq!(report["run_id"], answer["run_id"]);
    };
    run(&[], std::fs::File::open(&task).unwrap().into());
    run(&[task.to_str().unwrap()], std::process::Stdio::null());
    assert_eq!(world.forge.pulls().len(), 1);
    assert!(world.forge.pulls()[0].draft);
    assert_eq!(world.platform.memories().len(), 2);
}
