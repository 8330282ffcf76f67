//! What a hook and a run have from their caller: limits on files, a umask.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use crate::world::{World, step};

use super::put_off::memories;
use super::{program, wait_for_workers};

/// Runs `sendoff ARGUMENTS` in the clone, after a command of the shell. Returns what it printed, and its exit code; none where
/// a signal ended it.
fn after(world: &World, before: &str, arguments: &str) -> (String, String, Option<i32>) {
    let script = format!("{before}; exec \"$sendoff\" {arguments}");
    let mut shell = world.sandbox.command("sh");
    shell
        .args(["-c", &script])
        .envs(world.variables())
        .env("sendoff", program())
        .current_dir(world.work())
        .stdin(Stdio::null());
    let output = shell.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

/// Guards a caller that may write no large files, such as a build service's: the system's answer to a write past the limit
/// is a signal, which ends the process.
#[test]
fn x10_no_room_for_files_costs_no_work() {
    for blocks in [0, 8, 100] {
        let world = World::new();
        let limit = format!("ulimit -f {blocks}");
        let (_, told, code) = after(&world, &limit, "hook git-post-commit");
        assert_eq!(code, Some(0), "{blocks}: {told}");
        assert!(told.lines().count() <= 1, "{blocks}: {told}");
        wait_for_workers(&world);
        assert_eq!(world.run(&["flush"]).code, Some(0), "{blocks}");
        let head = world.sandbox.head(&world.work());
        assert_eq!(world.tip("feature/x"), head, "{blocks}: {told}");

        let head = world.commit("later.txt", "later\n", "Later");
        world
            .sandbox
            .write("task.json", r#"{"task": {"input": "one"}}"#);
        let (report, told, code) = after(&world, &limit, "run --input ../task.json --json");
        assert!(code.is_some(), "{blocks}: ended by a signal: {told}");
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        assert_eq!(
            step(&report, "memory-commit")["verdict"],
            "done",
            "{report}"
        );
        assert_eq!(world.tip("feature/x"), head);
        assert_eq!(memories(&world).len(), 1, "{blocks}");
    }
}

/// Guards the user, who could not read what was written under a umask that takes every right away.
#[test]
fn x08_a_umask_does_not_lock_the_user_out() {
    let world = World::new();
    let (_, told, code) = after(&world, "umask 777", "hook git-post-commit");
    assert_eq!((told.as_str(), code), ("", Some(0)));
    wait_for_workers(&world);
    let mut left = vec![world.sandbox.path("home/.local/state/sendoff")];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let data = path.symlink_metadata().unwrap();
        let mode = data.permissions().mode() & 0o777;
        let wanted = if data.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{} has mode {mode:o}", path.display());
        if data.is_dir() {
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        }
        seen += 1;
    }
    assert!(seen > 3, "the store and the log are among them");
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
}

/// Guards a hook behind options of the program as a whole: its caller may take any other exit code for a decision.
#[test]
fn a_hook_exits_0_whatever_stands_before_it() {
    let world = World::new();
    for before in [
        &["-C", "/nowhere"][..],
        &["--color", "mauve"],
        &["--color=mauve"],
        &["--color", "never", "-C", "/nowhere"],
    ] {
        let arguments = [before, &["hook", "executor"]].concat();
        let said = world.run(&arguments);
        assert_eq!(
            (said.stdout.as_str(), said.code),
            ("", Some(0)),
            "{before:?}"
        );
        assert!(!said.stderr.is_empty(), "{before:?}");
        let arguments = [before, &["plan"]].concat();
        assert_eq!(world.run(&arguments).code, Some(64), "{before:?}");
    }
}
