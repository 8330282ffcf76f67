//! What a caller sends to a hook: what is none, what never ends, what is too much.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use sendoff_testing::supervise;

use crate::world::{World, step};

use super::last_report;

#[test]
fn x22_a_payload_that_is_none_costs_the_task_and_not_the_branch() {
    supervise!();
    for (payload, wanted) in [
        (
            &b"{\"task\": 5}"[..],
            "`task` is a number, and must be an object",
        ),
        (
            b"\xff\xfe no text at all",
            "expected value at line 1 column 1",
        ),
    ] {
        let world = World::new();
        let said = world.run_with_input(&["hook", "executor"], payload);
        assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
        let line = format!("sendoff: the task document is left out: {wanted}\n");
        assert_eq!(said.stderr, line);
        assert_eq!(step(&last_report(&world), "push")["verdict"], "done");
    }
}

/// A payload without end is read up to a size, in bounded memory and time.
#[test]
fn x22_a_payload_without_end_costs_the_task_and_not_the_branch() {
    supervise!();
    let world = World::new();
    let mut payload = br#"{"task": {"input": ""#.to_vec();
    payload.resize(64 << 20, b'x');
    let said = world.run_with_input(&["hook", "executor"], &payload);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    assert!(
        said.stderr
            .starts_with("sendoff: the task document is left out: "),
        "{}",
        said.stderr
    );
    assert_eq!(step(&last_report(&world), "push")["verdict"], "done");
    assert!(world.platform.memories().is_empty());
}

#[test]
fn x22_an_input_that_is_never_closed_does_not_hold_the_hook() {
    supervise!();
    let world = World::new();
    let mut command = world.command(&["hook", "executor"]);
    let mut hook = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = hook.stdin.take().unwrap();
    stdin
        .write_all(b"{\"task\": {\"input\": \"Fix it\"}}")
        .unwrap();
    let began = Instant::now();
    assert!(hook.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    drop(stdin);
    // What came in time was whole, so it counts.
    last_report(&world);
    assert_eq!(world.platform.memories().len(), 1);
}

/// How long each piece is waited for: the unit test of `cli::payload`.
#[test]
fn a_payload_that_comes_in_pieces_is_waited_for() {
    supervise!();
    let world = World::new();
    let mut hook = world
        .command(&["hook", "executor"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = hook.stdin.take().unwrap();
    for piece in ["{\"task\": ", "{\"input\": ", "\"Fix", " it\"}}"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(hook.wait().unwrap().success());
    last_report(&world);
    assert_eq!(
        world.platform.memories()[0]["content"],
        "Conversation: Fix it"
    );
}

#[test]
fn a_value_that_means_nothing_is_told_and_the_task_is_kept() {
    supervise!();
    let world = World::new();
    let payload = br#"{"task": {"input": "Fix it", "exit_code": "SIGKILL"}}"#;
    let said = world.run_with_input(&["hook", "executor"], payload);
    assert_eq!(
        said.stderr,
        "sendoff: a part of the task document is left out: `task.exit_code` is a string, and must be a whole number\n"
    );
    last_report(&world);
    assert_eq!(world.platform.memories().len(), 1);
}
