//! An event's firing that fails in passing is tried again, with the same message.

use sendoff::clock::Clock;
use sendoff::demo::{Answer, Fault};
use sendoff::names::NamePattern;
use sendoff::store::{FiringRow, ScheduleStatus, ScheduleStore, SetsDue};
use serde_json::{Value, json};

use super::Machine;

const PROMPT: &str = "Issue {{ event.number }}.";

/// Sets a schedule due, as an event with this number.
fn event(machine: &Machine, number: u64) {
    let event = json!({ "number": number });
    let fire = [NamePattern::new("pick-up")];
    let set = machine
        .store()
        .set_due(&fire, Some(&event), Clock::System.now());
    assert_eq!(set.unwrap(), ["pick-up"]);
}

/// Returns the last firing.
fn last(machine: &Machine) -> FiringRow {
    let id = machine.row("pick-up").id;
    machine.store().firings(id, 1).unwrap().remove(0)
}

/// Lets the pause of what waits be over.
fn end_pause(machine: &Machine) {
    let path = machine.sandbox.path("home/.local/state/sendoff/store.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "UPDATE firings SET held_until = 1 WHERE ended_at IS NULL AND holder IS NULL";
    assert_eq!(connection.execute(sql, ()).unwrap(), 1);
}

fn texts(machine: &Machine, pointer: &str) -> Vec<Value> {
    let messages = machine.platform.messages();
    let text = |message: &Value| message.pointer(pointer).unwrap().clone();
    messages.iter().map(text).collect()
}

#[test]
fn what_fails_in_passing_is_sent_again_with_the_same_id() {
    let machine = Machine::new("");
    machine.add_prompt("pick-up", PROMPT, &[]);
    let away = Answer::json(502, &json!({"error": "no upstream"})).header("retry-after", "300");
    machine.platform.inject([Fault::Pass, Fault::DoneBut(away)]);
    event(&machine, 7);
    let began = Clock::System.now();
    machine.tick_until(|| {
        machine.platform.messages().len() == 1 && last(&machine).firing.retries == 1
    });
    let waits = last(&machine);
    assert_eq!((waits.ended_at, waits.status), (None, None));
    let history = machine.schedule(&["history", "pick-up", "--json"]);
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history["retries"], 1);
    let detail = history["detail"].as_str().unwrap();
    let told = "`127.0.0.1` failed (502): no upstream; tried again at ";
    let at = detail
        .strip_prefix(told)
        .unwrap_or_else(|| panic!("{detail}"));
    let at: jiff::Timestamp = at.parse().unwrap();
    assert!(
        at.duration_since(began).as_secs() >= 299,
        "the server asked for that: {at}"
    );
    end_pause(&machine);
    machine.tick_until_fired("pick-up", 1);
    assert_eq!(last(&machine).status, Some(ScheduleStatus::Ok));
    let row = machine.row("pick-up");
    assert_eq!(
        (row.run_count, row.last_status),
        (1, Some(ScheduleStatus::Ok))
    );
    let ids = texts(&machine, "/params/message/messageId");
    assert_eq!(
        ids,
        [history["messageId"].clone(), history["messageId"].clone()]
    );
}

#[test]
fn another_event_waits_until_the_first_one_has_got_through() {
    let machine = Machine::new("");
    machine.add_prompt("pick-up", PROMPT, &[]);
    let many = Answer::json(429, &json!({"error": "slow down"}));
    machine.platform.inject([Fault::Pass, Fault::Instead(many)]);
    event(&machine, 1);
    let has_failed = || {
        machine
            .store()
            .firings(machine.row("pick-up").id, 1)
            .is_ok_and(|all| all.first().is_some_and(|firing| firing.firing.retries == 1))
    };
    machine.tick_until(has_failed);
    event(&machine, 2);
    let before = machine.row("pick-up");
    // A tick looks at both, and begins neither.
    machine.tick_until(|| true);
    assert_eq!(machine.row("pick-up"), before);
    end_pause(&machine);
    machine.tick_until_fired("pick-up", 2);
    let prompts = texts(&machine, "/params/message/parts/0/text");
    assert_eq!(prompts, ["Issue 1.", "Issue 2."]);
    let ids = texts(&machine, "/params/message/messageId");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn what_stays_wrong_is_not_tried_again() {
    let machine = Machine::new("");
    machine.add_prompt("pick-up", PROMPT, &[]);
    let unknown = Answer::json(404, &json!({"error": "workspace not found"}));
    machine.platform.inject([Fault::Instead(unknown)]);
    event(&machine, 7);
    machine.tick_until_fired("pick-up", 1);
    assert_eq!(last(&machine).status, Some(ScheduleStatus::Error));
    assert_eq!(last(&machine).firing.retries, 0);
}

#[test]
fn after_a_day_it_is_given_up() {
    let machine = Machine::new("");
    machine.add_prompt("pick-up", PROMPT, &[]);
    let away = || Fault::Instead(Answer::json(500, &json!({"error": "it crashed"})));
    machine
        .platform
        .inject([Fault::Pass, away(), Fault::Pass, away()]);
    event(&machine, 7);
    machine.tick_until(|| {
        let firings = machine
            .store()
            .firings(machine.row("pick-up").id, 1)
            .unwrap();
        firings
            .first()
            .is_some_and(|firing| firing.firing.retries == 1)
    });
    let path = machine.sandbox.path("home/.local/state/sendoff/store.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute("UPDATE firings SET due_at = due_at - 86400000", ())
        .unwrap();
    end_pause(&machine);
    machine.tick_until_fired("pick-up", 1);
    insta::assert_snapshot!(machine.row("pick-up").last_error.unwrap(), @"`127.0.0.1` failed (500): it crashed; given up after 2 tries; run again when the platform is back");
}
