//! Where the output goes wrong: a full disk is told and changes the exit code, a closed pipe is not.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::world::World;

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

const PRINTING: [&[&str]; 12] = [
    &["policy", "schema"],
    &["policy", "show"],
    &["policy", "check"],
    &["manual", "--page", "policy.md"],
    &["manual"],
    &["completions", "bash"],
    &["plan"],
    &["plan", "--json"],
    &["run", "--json"],
    &["run"],
    &["step", "push"],
    &["--help"],
];

#[test]
fn a_full_disk_is_told_on_stderr_and_by_the_exit_code() {
    let world = World::new();
    for arguments in PRINTING {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&world, arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert_eq!(
            stderr,
            "standard output cannot be written: No space left on device (os error 28); the output is lost\n",
            "{arguments:?}"
        );
    }
}

#[test]
fn a_full_disk_ends_a_batch() {
    let world = World::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let line = world.sandbox.write("lines", "{\"input\":\"x\"}\n");
    let output = command(&world, &["step", "redact", "--batch"])
        .stdin(std::fs::File::open(line).unwrap())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"));
}

#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    let world = World::new();
    for arguments in PRINTING {
        let mut child = command(&world, arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_reader_of_the_first_line_gets_it() {
    let world = World::new();
    let mut child = command(&world, &["policy", "schema"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "{\n");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

/// Guards the advice on a directive of the log: it is named, and what it says to write works.
#[test]
fn a_directive_of_the_log_that_is_none_is_named_and_the_others_count() {
    let world = World::new();
    let run = |directives: &str| {
        let log = [("SENDOFF_LOG", directives.to_owned())];
        world.run_in(&world.work(), &["run"], &log).stderr
    };
    let text = run("sendoff[run]=debug,sendoff=trace");
    assert!(
        text.starts_with(
            "sendoff: SENDOFF_LOG: `sendoff[run]=debug` is ignored: write LEVEL or TARGET=LEVEL, where LEVEL is \
             off, error, warn, info, debug or trace\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("sendoff::pipeline::run: step begins"),
        "{text}"
    );
    let text = run("sendoff=debug");
    assert!(
        !text.contains("is ignored") && text.contains("sendoff::pipeline::run: step begins"),
        "{text}"
    );
}
