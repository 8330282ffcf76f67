//! Prompts to workspaces: what is sent, and what becomes of each answer.

use sendoff::demo::{Answer, Fault};
use sendoff::names::NamePattern;
use sendoff::store::{FiringCause, ScheduleStatus, SetsDue};
use serde_json::json;

use super::Machine;

#[test]
fn a_prompt_is_a_message_of_a2a_that_carries_the_firings_id() {
    let machine = Machine::new("");
    machine.add_prompt(
        "nightly",
        "Look at {{ schedule.name }} ({{ schedule.cause }}).",
        &[],
    );
    assert!(machine.schedule(&["run", "nightly"]).status.success());
    let messages = machine.platform.messages();
    let id = messages[0]["id"].clone();
    let expected = json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "message/send",
        "params": {"message": {
            "kind": "message",
            "role": "user",
            "messageId": id,
            "parts": [{"kind": "text", "text": "Look at nightly (command)."}],
        }},
    });
    assert_eq!(messages, [expected]);
    assert!(machine.schedule(&["run", "nightly"]).status.success());
    assert_ne!(
        machine.platform.messages()[1]["id"],
        id,
        "another firing has another id"
    );
}

#[test]
fn the_facts_of_an_event_are_data_for_the_template_and_without_secrets() {
    let machine = Machine::new("");
    let prompt =
        "{% if event %}Issue {{ event.number }}: {{ event.title }}{% else %}Look.{% endif %}";
    machine.add_prompt("pick-up-work", prompt, &[]);
    let store = machine.store();
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let event = json!({"number": 7, "title": format!("{{{{ schedule.name }}}} {token}")});
    let fire = [NamePattern::new("*PICK-UP*")];
    store
        .set_due(&fire, Some(&event), sendoff::clock::Clock::System.now())
        .unwrap();
    assert_eq!(machine.row("pick-up-work").cause, FiringCause::Event);
    machine.tick_until_fired("pick-up-work", 1);
    let message = &machine.platform.messages()[0];
    let text = message.pointer("/params/message/parts/0/text").unwrap();
    assert_eq!(text, "Issue 7: {{ schedule.name }} [REDACTED]");
    let row = machine.row("pick-up-work");
    assert_eq!(
        (row.cause, row.event),
        (FiringCause::Time, None),
        "the next one is the clock's"
    );
    assert!(row.next_run_at > Some(sendoff::clock::Clock::System.now()));
}

#[test]
fn a_busy_workspace_is_left_alone_and_recorded() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look for work.", &[]);
    machine.platform.set_active_tasks(1);
    assert_eq!(
        machine.said(&["run", "nightly"]),
        "skipped: the workspace works on a task\nexit 1"
    );
    assert!(machine.platform.messages().is_empty());
    machine.platform.set_active_tasks(0);
    let busy = Answer::json(
        503,
        &json!({"error": "workspace agent busy, retry", "busy": true}),
    );
    machine.platform.inject([Fault::Pass, Fault::Instead(busy)]);
    let said = machine.said(&["run", "nightly"]);
    assert_eq!(said, "skipped: workspace agent busy, retry\nexit 1");
    let row = machine.row("nightly");
    assert_eq!(row.last_status, Some(ScheduleStatus::Skipped));
    assert_eq!(row.run_count, 0, "what is skipped did not run");
    // A 503 that is about something else is an error.
    let away = Answer::json(503, &json!({"error": "no upstream"}));
    machine.platform.inject([Fault::Pass, Fault::Instead(away)]);
    let said = machine.said(&["run", "nightly"]);
    assert!(
        said.starts_with("error: `127.0.0.1` failed (503): no upstream; "),
        "{said}"
    );
    assert_eq!(machine.row("nightly").run_count, 1);
}

#[test]
fn three_empty_answers_in_a_row_are_stale_and_one_with_text_ends_that() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look for work.", &[]);
    machine.platform.answer_with("  ");
    let run = || {
        machine.said(&["run", "nightly"]);
        machine.row("nightly")
    };
    assert_eq!(run().last_status, Some(ScheduleStatus::Ok));
    assert_eq!(run().last_status, Some(ScheduleStatus::Ok));
    let third = run();
    assert_eq!(third.last_status, Some(ScheduleStatus::Stale));
    assert_eq!(
        third.last_error.as_deref(),
        Some("the agent's answer was empty")
    );
    assert_eq!(run().empty_runs, 4);
    machine.platform.answer_with("Nothing to do.");
    let after = run();
    assert_eq!(
        (after.last_status, after.empty_runs),
        (Some(ScheduleStatus::Ok), 0)
    );
    assert_eq!(after.last_error, None);
}

#[test]
fn an_error_is_told_in_one_line_with_what_to_do() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look at {{ event.number }}.", &[]);
    let said = machine.said(&["run", "nightly"]);
    insta::assert_snapshot!(said, @r"
    error: the prompt cannot be rendered: line 1: `event` has no `number`: `event` is none here
    exit 1
    ");
    let unknown = Answer::json(404, &json!({"error": "workspace not found"}));
    machine.platform.inject([Fault::Instead(unknown)]);
    let said = machine.said(&["run", "nightly"]);
    insta::assert_snapshot!(said, @r"
    error: `127.0.0.1` does not know the workspace (404): workspace not found; check the schedule's `workspace`
    exit 1
    ");
    machine.add_prompt("blank", "{{ '' }}", &[]);
    insta::assert_snapshot!(machine.said(&["run", "blank"]), @r"
    error: the rendered prompt is empty
    exit 1
    ");
    machine.add_prompt("plain", "Look.", &[]);
    let refused =
        json!({"jsonrpc": "2.0", "error": {"code": -32603, "message": "the agent crashed"}});
    machine
        .platform
        .inject([Fault::Pass, Fault::Instead(Answer::json(200, &refused))]);
    insta::assert_snapshot!(machine.said(&["run", "plain"]), @r"
    error: the agent refused: the agent crashed
    exit 1
    ");
    let row = machine.row("nightly");
    assert_eq!(row.last_status, Some(ScheduleStatus::Error));
    assert_eq!(row.run_count, 2);
}
