//! The deadline holds from the start, before there is a run to speak of.

use std::fmt::Write;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::published_schema::assert_fits;
use crate::world::World;

/// Commits beyond counting in the time that the tests allow.
const MANY: usize = 60_000;

/// A world whose branch has so many commits that looking at it takes a while.
fn long_branch() -> World {
    let world = World::new();
    let mut stream = String::new();
    for number in 0..MANY {
        let from = if number == 0 {
            "from refs/heads/feature/x^0\n"
        } else {
            ""
        };
        write!(
            stream,
            "commit refs/heads/feature/x\ncommitter A <a@b> {} +0000\ndata 1\nx\n{from}\n",
            1_800_000_000 + number
        )
        .unwrap();
    }
    let mut import = world.sandbox.command("git");
    import.args(["fast-import", "--quiet", "--force"]);
    import.current_dir(world.work()).stdin(Stdio::piped());
    let mut import = import.spawn().unwrap();
    let mut input = import.stdin.take().unwrap();
    input.write_all(stream.as_bytes()).unwrap();
    drop(input);
    assert!(import.wait().unwrap().success());
    world
}

#[test]
fn a_look_at_the_repository_that_takes_too_long_ends_at_the_deadline() {
    let world = long_branch();
    let said = world.run(&["run", "--json", "--set", "limits.deadline=1ms"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_fits("report", &report);
    assert_eq!(report["verdict"], "failed");
    assert_eq!(report["pipeline"], "post-task");
    // It never came to a step; they are named where the policy was read in time.
    let steps = report["steps"].as_array().unwrap();
    assert!(
        steps.iter().all(|step| step["reason"] == "deadline"),
        "{report}"
    );
    let notes = report["notes"].as_array().unwrap();
    assert!(
        !steps.is_empty() || notes[0]["code"] == "deadline",
        "{report}"
    );
    for command in [
        &["run"][..],
        &["run", "--dry-run"],
        &["plan"],
        &["step", "push"],
    ] {
        let mut arguments = command.to_vec();
        arguments.extend(["--set", "limits.deadline=1ms"]);
        let said = world.run(&arguments);
        assert_eq!(said.code, Some(1), "{command:?}: {}", said.stdout);
        let told = said.stdout + &said.stderr;
        assert!(told.contains("(limits.deadline)"), "{command:?}: {told}");
    }
    assert!(world.git.log().is_empty());
}

#[test]
fn a_batch_may_take_longer_than_a_run() {
    let world = World::new();
    let program = world
        .sandbox
        .command(env!("CARGO_BIN_EXE_sendoff"))
        .args(["step", "redact", "--batch", "--set", "limits.deadline=1s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Longer than the deadline and the watchdog's grace.
    std::thread::sleep(std::time::Duration::from_millis(1300));
    program
        .stdin
        .as_ref()
        .unwrap()
        .write_all(b"{\"input\":\"x\"}\n")
        .unwrap();
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"{\"text\":\"x\"}\n");
}

/// Guards that a plan, and a step alone, wait for half of the time for a document that never comes.
#[test]
fn an_input_that_never_comes_is_left_at_half_of_the_deadline() {
    let world = World::new();
    let pipe = world.sandbox.pipe("task");
    let pipe = pipe.to_str().unwrap();
    let limit = ["--set", "limits.deadline=6s", "--input", pipe];
    let wanted = format!("no whole task document came from {pipe} within ");
    let said = world.run(&[&["plan"], &limit[..]].concat());
    assert_eq!(said.code, Some(64), "{}", said.stderr);
    assert!(said.stdout.contains(&wanted), "{}", said.stdout);
    let said = world.run(&[&["step", "memory-commit"], &limit[..]].concat());
    assert_eq!(said.code, Some(64), "{}", said.stdout);
    assert!(said.stderr.contains(&wanted), "{}", said.stderr);
    assert!(world.platform.memories().is_empty());
}
