//! `sendoff schedule import`: ours in TOML and JSON, and the platform's own.

use insta::assert_snapshot;

use super::Machine;

/// What the platform answers for the schedules of a workspace.
const OF_THE_PLATFORM: &str = r#"[
  {"id": "5e0d", "workspace_id": "ws-7", "name": "Ada: PR review", "cron_expr": "*/30 * * * *", "timezone": "Europe/Berlin",
   "prompt": "Review what waits.", "enabled": true, "last_run_at": null, "next_run_at": "2026-11-29T10:30:00Z",
   "run_count": 12, "last_status": "ok", "last_error": "", "consecutive_empty_runs": 0},
  {"id": "5e0e", "workspace_id": "ws-7", "name": "Ada: idle", "cron_expr": "0 9 * * *", "timezone": "UTC",
   "prompt": "Look.", "enabled": false}
]"#;

#[test]
fn the_platforms_own_schedules_are_taken_over_once() {
    let machine = Machine::new("");
    let file = machine.sandbox.write("theirs.json", OF_THE_PLATFORM);
    let file = file.to_str().unwrap();
    assert_eq!(machine.said(&["import", file]), "added 2 schedules\nexit 0");
    let review = machine.row("Ada: PR review");
    assert!(review.enabled && review.next_run_at.is_some());
    assert_eq!(review.run_count, 0, "its history stays theirs");
    assert!(
        review.definition.contains("\"workspace\":\"ws-7\""),
        "{}",
        review.definition
    );
    assert!(!machine.row("Ada: idle").enabled);
    assert_snapshot!(machine.said(&["import", file]));
}

#[test]
fn a_file_of_ours_is_read_in_toml_and_json() {
    let machine = Machine::new("");
    machine.sandbox.write(
        "ours.toml",
        "[[schedules]]\nname = \"a\"\ncron = \"@daily\"\nstep = \"notify\"\n",
    );
    machine.sandbox.write(
        "ours.json",
        r#"{"schedules": [{"name": "b", "cron": "@daily", "step": "notify"}]}"#,
    );
    assert_eq!(
        machine.said(&["import", "ours.toml"]),
        "added 1 schedule\nexit 0"
    );
    assert_eq!(
        machine.said(&["import", "ours.json"]),
        "added 1 schedule\nexit 0"
    );
}

#[test]
fn a_file_with_a_mistake_is_told_and_nothing_of_it_is_added() {
    let machine = Machine::new("");
    let files = [
        ("bad.json", "[{\"name\": \"a\"},"),
        ("bad.toml", "[[schedules]\nname = 1"),
        ("none.json", "{\"a\": 1}"),
        (
            "cron.json",
            r#"[{"name":"a","cron":"@daily","step":"s"},{"name":"b","cron":"@dayly","step":"s"}]"#,
        ),
        (
            "work.toml",
            "[[schedules]]\nname = \"a\"\ncron = \"@daily\"\n",
        ),
        (
            "key.toml",
            "[[schedules]]\nname = \"a\"\ncron = \"@daily\"\nstep = \"s\"\nwhen = \"x\"\n",
        ),
    ];
    let mut said = Vec::new();
    for (name, text) in files {
        machine.sandbox.write(name, text);
        said.push(format!("{name}: {}", machine.said(&["import", name])));
    }
    said.push(machine.said(&["import", "no-such.toml"]));
    assert_snapshot!(said.join("\n\n"));
    assert_eq!(machine.said(&["list"]), "exit 0");
}
