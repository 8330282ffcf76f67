//! The task document on `--input`: none, an empty one, and those that cannot be used.

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
