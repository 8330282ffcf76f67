//! The task document on `--input`: none, an empty one, and those that cannot be used.

use std::io::Write as _;
use std::process::Stdio;

use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{World, step};

fn verdict(report: &Value, name: &str) -> String {
    step(report, name)["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn an_empty_input_is_a_document_with_every_key_absent() {
    supervise!();
    let world = World::new();
    for input in [&b""[..], b"\n", b"{}"] {
        let said = world.run_with_input(&["run", "--input", "-", "--json"], input);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
        let report = said.report();
        assert_eq!(report["pipeline"], "post-task");
        assert_eq!(report["notes"], serde_json::json!([]));
        assert_eq!(verdict(&report, "push"), "done");
        assert_eq!(verdict(&report, "pr-create"), "done");
        assert_eq!(verdict(&report, "heartbeat-clear"), "done");
    }
    let file = world.sandbox.write("empty.json", "");
    let said = world.run(&["run", "--input", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn a_document_that_cannot_be_used_is_noted_and_the_branch_is_shipped() {
    supervise!();
    let mut told = Vec::new();
    for bad in [
        "not json",
        "[]",
        "{\"task\": {\"input\": \"CANARY\", \"ok\": false}",
        "{\"task\": {\"ok\": [5]}, \"executor\": \"CANARY\"}",
        "{\"schema\": \"sendoff.task/9\", \"task\": {\"input\": \"CANARY\"}}",
    ] {
        let world = World::new();
        let said = world.run_with_input(&["run", "--input", "-", "--json"], bad.as_bytes());
        assert_eq!(said.code, Some(64), "{}", said.stdout);
        let report = said.report();
        assert_eq!(report["exit_code"], 64);
        assert_eq!(verdict(&report, "push"), "done", "{report}");
        assert_eq!(verdict(&report, "pr-create"), "done", "{report}");
        assert_eq!(verdict(&report, "memory-commit"), "skipped", "{report}");
        assert!(
            !world
                .platform
                .memories()
                .iter()
                .any(|m| m.to_string().contains("CANARY"))
        );
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        assert_eq!(world.tip("feature/x"), head);
        let note = &report["notes"][0];
        assert_eq!(note["code"], "bad-input");
        told.push(note["message"].as_str().unwrap().to_owned());
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn an_input_that_cannot_be_read_is_noted_and_the_branch_is_shipped() {
    supervise!();
    let world = World::new();
    let said = world.run(&["run", "--input", "/no/such/file"]);
    assert_eq!(said.code, Some(64), "{}", said.stdout);
    assert_ne!(world.tip("feature/x"), "");
    insta::assert_snapshot!(
        said.stdout
            .lines()
            .filter(|l| l.contains("note") || l.contains("->"))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn an_input_that_is_too_large_is_noted_and_the_branch_is_shipped() {
    supervise!();
    let world = World::new();
    let path = world.sandbox.path("large.json");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let said = world.run(&["run", "--input", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(64), "{}", said.stdout);
    assert!(
        said.stdout.contains("is larger than 64 MiB"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("-> shorten the texts in it"));
    assert_ne!(world.tip("feature/x"), "");
}

#[test]
fn a_failed_step_weighs_more_than_a_bad_document() {
    supervise!();
    let world = World::new();
    world.point_to(&format!("{}/acme/none.git", world.git.url()));
    let said = world.run_with_input(&["run", "--input", "-"], b"[]");
    assert_eq!(said.code, Some(1), "{}", said.stdout);
}

#[test]
fn a_plan_notes_a_bad_document_and_a_step_alone_refuses_it() {
    supervise!();
    let world = World::new();
    let said = world.run_with_input(&["plan", "--input", "-"], b"[]");
    assert_eq!(said.code, Some(64), "{}", said.stdout);
    assert!(said.stdout.contains("it is an array"), "{}", said.stdout);
    let said = world.run_with_input(&["step", "memory-commit", "--input", "-"], b"[]");
    assert_eq!(said.code, Some(64));
    assert!(said.stderr.contains("it is an array"), "{}", said.stderr);
    assert!(world.platform.memories().is_empty());
}

/// Guards that a slip in what nobody needs does not lose the memory of the task.
#[test]
fn a_value_that_means_nothing_costs_its_key_and_not_the_task() {
    supervise!();
    let world = World::new();
    let task = br#"{"task": {"input": "Fix it", "exit_code": "SIGKILL"}, "heartbeat": "now"}"#;
    let said = world.run_with_input(&["run", "--input", "-", "--json"], task);
    assert_eq!(said.code, Some(64), "{}", said.stdout);
    let report = said.report();
    assert_eq!(verdict(&report, "memory-commit"), "done", "{report}");
    assert_eq!(verdict(&report, "push"), "done", "{report}");
    assert_eq!(
        world.platform.memories()[0]["content"],
        "Conversation: Fix it"
    );
    let note = &report["notes"][0];
    assert_eq!(
        note["message"],
        "a part of standard input is left out: `task.exit_code` is a string, and must be a whole number; `heartbeat` is a \
         string, and must be an object"
    );
    // The advice, obeyed.
    let advice = note["advice"].as_str().unwrap();
    assert_eq!(
        advice,
        "write them as `sendoff.task/1` has them, and run again"
    );
    let task = br#"{"task": {"input": "Fix it", "exit_code": 137}, "heartbeat": {}}"#;
    let said = world.run_with_input(&["run", "--input", "-", "--json"], task);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
}

#[test]
fn a_document_may_be_in_any_encoding_of_unicode() {
    supervise!();
    let world = World::new();
    let task = "{\"task\": {\"input\": \"Größe\"}}";
    let wide = |mark: &str| -> Vec<u8> {
        let text = format!("{mark}{task}");
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let widest: Vec<u8> = task
        .chars()
        .map(u32::from)
        .flat_map(u32::to_be_bytes)
        .collect();
    for input in [wide("\u{feff}"), wide(""), widest] {
        let said = world.run_with_input(&["run", "--input", "-", "--json"], &input);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
    }
    let memories = world.platform.memories();
    let is_whole = |memory: &Value| memory["content"] == "Conversation: Größe";
    assert_eq!(memories.iter().filter(|memory| is_whole(memory)).count(), 3);
}

/// Guards that a caller who left a pipe open, with half a document or none, does not keep the branch from shipping.
#[test]
fn a_pipe_that_stays_open_costs_the_task_and_not_the_branch() {
    supervise!();
    for half in [&b""[..], b"{\"task\": {\"input\": \"CANARY"] {
        let world = World::new();
        // Half of it is waited; the other half is for the push of a development build on a busy machine.
        let deadline = ["--set", "limits.deadline=30s", "--json"];
        let mut running = world
            .command(&[&["run", "--input", "-"], &deadline[..]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut open = running.stdin.take().unwrap();
        open.write_all(half).unwrap();
        let output = running.wait_with_output().unwrap();
        drop(open);
        assert_eq!(output.status.code(), Some(64));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(verdict(&report, "push"), "done", "{report}");
        assert_eq!(verdict(&report, "pr-create"), "done", "{report}");
        assert_eq!(verdict(&report, "memory-commit"), "skipped", "{report}");
        let note = &report["notes"][0];
        let message = note["message"].as_str().unwrap();
        assert!(
            message.starts_with("no whole task document came from standard input within "),
            "{message}"
        );
        let advice = note["advice"].as_str().unwrap();
        assert!(
            advice.contains("give </dev/null where there is none"),
            "{advice}"
        );
        // The advice, obeyed.
        let said = world.run_with_input(&["run", "--input", "-"], b"");
        assert_eq!(said.code, Some(0), "{}", said.stdout);
    }
    // Nobody opens the other end of a named pipe.
    let world = World::new();
    let pipe = world.sandbox.path("pipe");
    assert!(
        world
            .sandbox
            .command("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let pipe = pipe.to_str().unwrap();
    let report = world.report(&["run", "--input", pipe, "--set", "limits.deadline=30s"]);
    assert_eq!(verdict(&report, "push"), "done", "{report}");
    assert_eq!(report["notes"][0]["code"], "bad-input", "{report}");
}
