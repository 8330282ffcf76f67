//! Progress: a line on a terminal that is wiped at the end, and nothing where there is none.

use std::process::Stdio;
use std::time::Duration;

use sendoff::demo::git_server::{FaultKind, GitServer};

use crate::pty;
use crate::world::{World, step};

/// What wipes the line.
const WIPE: &str = "\r\x1b[K";

/// What was written to standard output, and what a terminal on standard error got.
struct Seen {
    stdout: String,
    terminal: String,
    code: Option<i32>,
}

/// Runs the program with a pseudo-terminal as standard error.
fn on_a_terminal(world: &World, arguments: &[&str]) -> Seen {
    let (controller, terminal) = pty::open();
    let mut command = world.command(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(terminal);
    let child = command.spawn().unwrap();
    // It holds the terminal, which would not end before it goes.
    drop(command);
    let reading = pty::read(controller);
    let output = child.wait_with_output().unwrap();
    Seen {
        stdout: String::from_utf8(output.stdout).unwrap(),
        terminal: reading.join().unwrap(),
        code: output.status.code(),
    }
}

/// A server of the world's repositories that takes its time, so that there is something to show.
fn slow(world: &World) -> GitServer {
    world.git_server_with(FaultKind::Delay(Duration::from_secs(1)))
}

#[test]
fn a_terminal_shows_how_far_a_push_has_come_and_is_clean_at_the_end() {
    let world = World::new();
    let _server = slow(&world);
    for arguments in [&["step", "push"][..], &["run", "post-commit"]] {
        world.commit("a.txt", &format!("{arguments:?}\n"), "Add more");
        let seen = on_a_terminal(&world, arguments);
        let Seen {
            stdout, terminal, ..
        } = &seen;
        assert_eq!(seen.code, Some(0), "{stdout}{terminal}");
        assert!(terminal.contains("sending: "), "{terminal:?}");
        let (_, rest) = terminal.rsplit_once(WIPE).unwrap();
        for shown in ["counting", "packing", "sending"] {
            assert!(!rest.contains(shown), "it stays: {terminal:?}");
            assert!(!stdout.contains(shown), "{stdout:?}");
        }
        assert!(!stdout.contains('\x1b'), "{stdout:?}");
        let tip = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        assert_eq!(world.tip("feature/x"), tip);
    }
}

#[test]
fn without_a_terminal_nothing_of_it_is_written() {
    let world = World::new();
    let _server = slow(&world);
    let said = world.run(&["step", "push"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    for shown in ["counting", "packing", "sending", "\r", "\x1b"] {
        assert!(!said.stderr.contains(shown), "{:?}", said.stderr);
        assert!(!said.stdout.contains(shown), "{:?}", said.stdout);
    }
}

/// A hook that asks a person asks on the terminal, which git hands to it.
#[test]
fn the_pre_push_hook_has_the_terminal_in_a_run_by_hand_only() {
    let world = World::new();
    world.sandbox.executable(
        "clone/.git/hooks/pre-push",
        "#!/bin/sh\n[ -t 1 ] && [ -t 2 ] && echo \"shall I\"\n",
    );
    let hook = [
        "run",
        "post-commit",
        "--json",
        "--trigger",
        "git-post-commit",
    ];
    let seen = on_a_terminal(&world, &hook);
    let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "hook-declined", "{report}");
    assert_eq!(push["advice"], "fix what the hook reports");
    let seen = on_a_terminal(&world, &["run", "post-commit", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert!(seen.terminal.contains("shall I"), "{:?}", seen.terminal);
}
