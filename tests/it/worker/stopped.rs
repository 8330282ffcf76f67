//! Processes that are stopped by a signal for a while: runs, and workers that hold the turn at a branch.

use std::process::Stdio;
use std::time::{Duration, Instant};

use sendoff::demo::Fault;
use sendoff_testing::{cases, wait_until};
use serde_json::Value;

use crate::world::World;

use super::killed::settle;
use super::shell::{assert_shipped, memories, said, shell};
use super::wait_for_workers;

/// A worker that was stopped for longer than its deadline ends when it goes on, and what it had is tried again.
#[test]
fn x05_a_run_that_was_stopped_past_its_deadline_ends_at_once() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    world.user_policy("[limits]\ndeadline = \"5s\"\nhttp-timeout = \"1m\"\n");
    let mut command = world.command(&["run", "--json"]);
    let running = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&running);
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let deadline = Instant::now() + Duration::from_secs(6);
    wait_until("the deadline", || (Instant::now() > deadline).then_some(()));
    let goes_on = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(
        goes_on.elapsed() < Duration::from_secs(8),
        "{:?}",
        goes_on.elapsed()
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{report}");
}

/// Whoever waits for a worker that does not move gets its own work done, or is told; nobody hangs.
#[test]
fn x15_a_worker_that_is_stopped_holds_nobody_up() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    let said = said(shell(&world, "exec \"$sendoff\" hook executor --json"));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    let worker = wait_until("the worker", || worker_of(&world));
    rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
    let begin = Instant::now();
    for arguments in [
        &["hook", "executor"] as &[&str],
        &["status"],
        &["history"],
        &["outbox", "list"],
    ] {
        let said = world.run(arguments);
        assert!(
            said.code.is_some_and(|code| code != 70),
            "{arguments:?}: {}",
            said.stderr
        );
    }
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
    rustix::process::kill_process(worker, rustix::process::Signal::KILL).unwrap();
    // The lock went with the process: the next one takes over.
    wait_until("the branch", || {
        world.run(&["flush"]);
        let head = world.sandbox.head(&world.work());
        (world.tip("feature/x") == head).then_some(())
    });
}

/// A worker that was stopped in the midst of its work goes on where it was, and what was handed over meanwhile goes
/// out with it: once.
#[test]
fn x05_a_worker_that_was_stopped_for_long_goes_on() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    let script = "echo '{\"task\":{\"input\":\"Fix it\"}}' | \"$sendoff\" hook executor";
    assert_eq!(said(shell(&world, script)).code, Some(0));
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    let worker = wait_until("the worker", || worker_of(&world));
    rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
    let goes_on = Instant::now() + Duration::from_secs(cases(3, 60).into());
    world.commit("later.txt", "later\n", "Later");
    assert_eq!(said(shell(&world, script)).code, Some(0));
    wait_until("the time", || (Instant::now() > goes_on).then_some(()));
    rustix::process::kill_process(worker, rustix::process::Signal::CONT).unwrap();
    wait_for_workers(&world);
    settle(&world);
    assert_shipped(&world);
    assert_eq!(memories(&world), 2);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Returns the worker of a world: the process whose working directory is below its sandbox and which is called so.
fn worker_of(world: &World) -> Option<rustix::process::Pid> {
    let root = world.sandbox.path("").canonicalize().ok()?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut found = processes.filter_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_worker = command.split(|byte| *byte == 0).nth(1) == Some(b"worker");
        let variables = std::fs::read(entry.path().join("environ")).ok()?;
        let home = format!("HOME={}", root.join("home").display());
        let is_ours = variables
            .split(|byte| *byte == 0)
            .any(|one| one == home.as_bytes());
        let id = entry.file_name().to_str()?.parse().ok()?;
        (is_worker && is_ours).then(|| rustix::process::Pid::from_raw(id))?
    });
    found.next()
}
