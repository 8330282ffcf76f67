//! `sendoff hook` and its worker: nobody waits, nothing is lost, nothing is done twice.

mod agent_payloads;
mod agents;
mod between;
mod caller;
mod chaos;
mod commands;
mod crowd;
mod cut_off;
mod damaged;
mod ended;
mod faults;
mod history;
mod inherited;
mod killed;
mod memory_limit;
mod offline;
mod operations;
mod overshoot;
mod pace;
mod payload;
mod pending;
mod place;
mod policy_error;
mod private_memory;
mod put_off;
mod queued;
mod resources;
mod rewrite;
mod shell;
mod silent;
mod silent_peers;
mod status;
mod stopped;
mod told;
mod undo;
mod unstored;
mod wrong_clock;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::wait_until;
use serde_json::Value;

use crate::program::Said;
use crate::world::World;

/// How long a test waits for a worker; a machine that is busy with other tests takes its time.
const PATIENCE: &str = "60s";

/// Returns the program's path.
fn program() -> String {
    let command = Command::cargo_bin("sendoff").unwrap();
    command.get_program().to_str().unwrap().to_owned()
}

/// Waits for the report on what was handed over last in the clone.
fn last_report(world: &World) -> Value {
    report_in(world, &world.work())
}

fn report_in(world: &World, directory: &Path) -> Value {
    let arguments = ["status", "--wait", PATIENCE, "--json"];
    let said = world.run_in(directory, &arguments, &world.variables());
    said.report()
}

/// Writes a hook of a repository that calls `sendoff hook SURFACE`, as the one in `hooks/` does.
fn install(world: &World, hooks: &str, hook: &str, surface: &str) {
    let script = format!("#!/bin/sh\nexec {} hook {surface} \"$@\"\n", program());
    world.sandbox.executable(format!("{hooks}/{hook}"), script);
}

/// Returns git with the world's variables, which its hooks get.
fn git(world: &World, directory: &Path, arguments: &[&str]) -> Command {
    let mut git = world.sandbox.command("git");
    git.envs(world.variables())
        .current_dir(directory)
        .args(arguments);
    git
}

/// Checks that a hook said nothing and ended well.
fn assert_silent(said: &Said) {
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str(), said.code),
        ("", "", Some(0))
    );
}

/// Returns the processes of the program that live in a world.
fn workers(world: &World) -> Vec<u32> {
    let home = format!("HOME={}", world.sandbox.path("home").display());
    let of_world = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.trim_end() == "sendoff" && variables.any(|variable| variable == home.as_bytes())
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(of_world).collect()
}

/// Waits until no process of the program lives in a world.
fn wait_for_workers(world: &World) {
    wait_until("the workers' end", || {
        workers(world).is_empty().then_some(())
    });
}

/// Has a hook hand over its work, in a work tree, to a worker that ends at a failpoint.
fn hand_over_and_end_at(world: &World, work: &Path, surface: &str, point: &str) {
    let mut hook = world.command(&["hook", surface]);
    hook.env("SENDOFF_FAILPOINT", point)
        .current_dir(work)
        .stdin(Stdio::null());
    assert!(hook.status().unwrap().success());
    wait_for_workers(world);
}

/// Runs fifty hooks at once, and returns how long the slowest took.
fn fifty_hooks(world: &World) -> Duration {
    let hook = || {
        let began = Instant::now();
        assert_silent(&world.run(&["hook", "git-post-commit"]));
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let hooks: Vec<_> = (0..50).map(|_| scope.spawn(hook)).collect();
        let took = hooks.into_iter().map(|hook| hook.join().unwrap());
        took.max().unwrap()
    })
}

/// Pushes a commit of somebody else to the branch, and returns its tip.
fn somebody_pushes(world: &World) -> String {
    let (sandbox, bare) = (&world.sandbox, world.bare());
    let path = bare.to_str().unwrap();
    sandbox.git(
        sandbox.path(""),
        &["clone", "-q", "-b", "feature/x", path, "other"],
    );
    let other = sandbox.path("other");
    sandbox.commit(&other, "theirs.txt", "theirs\n", "Add theirs");
    sandbox.git(&other, &["push", "-q", "origin", "feature/x"]);
    world.tip("feature/x")
}

/// Returns how often the branch moved on the server.
fn pushes(world: &World) -> usize {
    let requests = world.git.log();
    let pushes = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("/git-receive-pack"));
    pushes.count()
}

/// Moves the time of every pending push and pull request into the past.
fn make_pending_due(world: &World) {
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let store = rusqlite::Connection::open(database).unwrap();
    store
        .execute("UPDATE pending SET not_before = 0", ())
        .unwrap();
}

/// Says whether there is a store.
fn has_store(world: &World) -> bool {
    world
        .sandbox
        .path("home/.local/state/sendoff/store.db")
        .exists()
}
