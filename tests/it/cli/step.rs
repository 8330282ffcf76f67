//! `sendoff step`: one step alone, its data on stdout.

use serde_json::json;

use crate::world::World;

#[test]
fn recalled_memories_are_lines_of_text() {
    let world = World::new();
    for n in 1..=12 {
        world
            .platform
            .add_memory(json!({ "content": format!("fact {n}"), "scope": "TEAM" }));
    }
    let said = world.run(&["step", "memory-recall", "--with", "limit=2"]);
    assert_eq!(
        said.stdout, "- [TEAM] fact 11\n- [TEAM] fact 12\n",
        "{}",
        said.stderr
    );
    assert_eq!(said.code, Some(0));
}

#[test]
fn a_step_as_json_is_its_line_of_the_report() {
    let world = World::new();
    let said = world.run(&["step", "heartbeat-clear", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(line["name"], "heartbeat-clear");
    assert_eq!(line["verdict"], "done");
    assert_eq!(world.platform.heartbeats().len(), 1);
}

#[test]
fn a_redacted_text_is_counted() {
    let world = World::new();
    let text = format!("[REDACTED] ghp_{0} and ghp_{0}\n", "a1B2".repeat(9));
    let said = world.run_with_input(
        &["step", "redact", "--input", "-", "--json"],
        text.as_bytes(),
    );
    let step = said.report();
    assert_eq!(step["outputs"]["replaced"], 2, "{step}");
    assert_eq!(
        step["outputs"]["text"],
        "[REDACTED] [REDACTED] and [REDACTED]\n"
    );
}

#[test]
fn heartbeats_carry_the_callers_counters() {
    let world = World::new();
    let task = br#"{"task":{"input":"paint\nit"},"heartbeat":{"active_tasks":3,"error_rate":0.5,"sample_error":"e","uptime_seconds":9}}"#;
    let said = world.run_with_input(&["step", "heartbeat-set", "--input", "-"], task);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let beats = world.platform.heartbeats();
    assert_eq!(
        beats[0],
        json!({ "workspace_id": "ws-1", "current_task": "paint", "active_tasks": 3,
                "error_rate": 0.5, "sample_error": "e", "uptime_seconds": 9 })
    );
}

#[test]
fn a_step_pushes_alone() {
    let world = World::new();
    let said = world.run(&["step", "push"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stdout.contains("\"action\": \"created\""),
        "{}",
        said.stdout
    );
    assert_ne!(world.tip("feature/x"), "");
}

#[test]
fn a_pull_request_step_alone_needs_no_push_before_it() {
    let world = World::new();
    world.run(&["step", "push"]);
    let said = world.run(&["step", "pr-create", "--with", "title=Ship it"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(world.forge.pulls()[0].title, "Ship it");
}

#[test]
fn a_step_that_is_skipped_prints_no_data_and_says_why() {
    let world = World::new();
    let said = world.run_in(&world.work(), &["step", "memory-recall"], &[]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    insta::assert_snapshot!(said.stderr);
}
