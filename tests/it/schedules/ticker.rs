//! The ticker: what is due fires once, and one firing does not touch another.

use jiff::{SignedDuration, Timestamp};
use sendoff::clock::Clock;
use sendoff::demo::Fault;
use sendoff::store::{Claim, FiringCause, ScheduleStatus, ScheduleStore};

use super::Machine;

fn ago(time: SignedDuration) -> Timestamp {
    Clock::System.now() - time
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn a_time_that_was_missed_runs_once_or_not_at_all() {
    let machine = Machine::new("");
    machine.add_prompt("caught up", "Look.", &["--cron", "* * * * *"]);
    machine.add_prompt(
        "left out",
        "Look.",
        &["--cron", "* * * * *", "--no-catch-up"],
    );
    for name in ["caught up", "left out"] {
        machine.set_due_at(name, ago(HOUR));
    }
    machine.tick_until_fired("caught up", 1);
    machine.tick_until_fired("left out", 1);
    let caught_up = machine.row("caught up");
    assert_eq!(caught_up.last_status, Some(ScheduleStatus::Ok));
    assert_eq!(caught_up.run_count, 1, "sixty were missed, and one ran");
    assert!(caught_up.next_run_at > Some(ago(SignedDuration::from_mins(2))));
    let left_out = machine.row("left out");
    assert_eq!(left_out.last_status, Some(ScheduleStatus::Skipped));
    assert_eq!(left_out.run_count, 0);
    let told = "it was missed, and `catch-up` is false";
    assert_eq!(left_out.last_error.as_deref(), Some(told));
}

#[test]
fn what_an_event_set_due_is_never_missed() {
    let machine = Machine::new("");
    machine.add_prompt("pick-up", "Look.", &["--no-catch-up"]);
    machine.set_due_at("pick-up", ago(HOUR));
    machine.set("pick-up", "cause", FiringCause::Event.as_str());
    machine.tick_until_fired("pick-up", 1);
    assert_eq!(machine.row("pick-up").last_status, Some(ScheduleStatus::Ok));
}

#[test]
fn one_that_cannot_be_read_keeps_its_time_is_reported_and_does_not_touch_another() {
    let machine = Machine::new("");
    machine.add_prompt("broken", "Look.", &[]);
    machine.add_prompt("whole", "Look.", &[]);
    let due = ago(HOUR);
    let definition = machine
        .row("broken")
        .definition
        .replace("@yearly", "0 25 * * *");
    machine.set("broken", "definition", definition);
    for name in ["broken", "whole"] {
        machine.set_due_at(name, due);
    }
    machine.tick_until_fired("whole", 1);
    let broken = machine.row("broken");
    assert_eq!(
        broken.next_run_at.unwrap().as_millisecond(),
        due.as_millisecond()
    );
    assert_eq!(broken.last_status, Some(ScheduleStatus::Error));
    insta::assert_snapshot!(broken.problem.unwrap(), @r#"it cannot be read: got `0 25 * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: number out of bounds at line 1 column 36"#);
    assert_eq!(machine.platform.messages().len(), 1);
    let said = machine.said(&["enable", "broken"]);
    assert_eq!(said, "exit 0", "it is enabled already");
    insta::assert_snapshot!(machine.said(&["run", "broken"]), @r#"
    the schedule `broken` cannot be used: it cannot be read: got `0 25 * * *`, wanted five fields such as "0 3 * * 1-5", or @daily: number out of bounds at line 1 column 36; remove it and add it again
    exit 64
    "#);
    // The advice.
    assert_eq!(machine.said(&["remove", "broken"]), "exit 0");
    machine.add_prompt("broken", "Look.", &[]);
    assert_eq!(machine.said(&["run", "broken"]), "ok: Done.\nexit 0");
}

#[test]
fn a_firing_that_takes_too_long_is_ended_and_the_others_run() {
    let machine = Machine::new("");
    machine.add_prompt("stuck", "Look.", &["--timeout", "3s"]);
    machine.platform.inject([Fault::Pass, Fault::Silence]);
    assert_eq!(
        machine.said(&["run", "stuck"]),
        "error: it did not end within 3s\nexit 1"
    );
    assert_eq!(machine.said(&["run", "stuck"]), "ok: Done.\nexit 0");
}

#[test]
fn what_a_process_left_is_taken_up_with_the_same_id() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look.", &[]);
    machine.set_due_at("nightly", ago(HOUR));
    let row = machine.row("nightly");
    let store = machine.store();
    let claim = Claim {
        holder: "a process that is gone",
        now: ago(HOUR),
        held_until: ago(SignedDuration::from_mins(59)),
        next_run_at: Some(Clock::System.now() + HOUR),
    };
    let firing = store.claim(&row, &claim).unwrap().unwrap();
    assert_eq!(
        store.claim(&row, &claim).unwrap(),
        None,
        "it is claimed once"
    );
    machine.tick_until_fired("nightly", 1);
    let messages = machine.platform.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0]["params"]["message"]["messageId"],
        firing.message_id.as_str()
    );
    let history = store.firings(row.id, 10).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].firing.attempts, 2);
}

#[test]
fn one_that_processes_die_of_is_given_up() {
    let machine = Machine::new("");
    machine.add_prompt("deadly", "Look.", &[]);
    machine.set_due_at("deadly", ago(HOUR));
    let store = machine.store();
    let claim = Claim {
        holder: "a process that is gone",
        now: ago(HOUR),
        held_until: ago(SignedDuration::from_mins(59)),
        next_run_at: None,
    };
    store
        .claim(&machine.row("deadly"), &claim)
        .unwrap()
        .unwrap();
    for _ in 0..10 {
        assert_eq!(
            store
                .take_up(
                    &Claim {
                        now: Clock::System.now(),
                        ..claim
                    },
                    10
                )
                .unwrap()
                .len(),
            1
        );
    }
    machine.tick_until_fired("deadly", 1);
    assert!(machine.platform.messages().is_empty());
    let told = "10 processes ended while they executed it, so it is given up";
    assert_eq!(machine.row("deadly").last_error.as_deref(), Some(told));
}

#[test]
fn a_firing_whose_last_one_runs_still_is_left_out_or_waits() {
    let machine = Machine::new("");
    machine.add_prompt("skips", "Look.", &[]);
    machine.add_prompt("queues", "Look.", &["--on-busy", "queue"]);
    let store = machine.store();
    for name in ["skips", "queues"] {
        machine.set_due_at(name, ago(HOUR));
        let claim = Claim {
            holder: "a process that works",
            now: ago(HOUR),
            held_until: Clock::System.now() + SignedDuration::from_secs(8),
            next_run_at: Some(ago(SignedDuration::from_mins(1))),
        };
        store.claim(&machine.row(name), &claim).unwrap().unwrap();
    }
    machine.tick_until_fired("skips", 1);
    let told = "its last firing has not ended";
    assert_eq!(machine.row("skips").last_error.as_deref(), Some(told));
    // The other process dies, so its firing is taken up; then the one that waited runs.
    machine.tick_until_fired("queues", 2);
    assert_eq!(machine.row("queues").run_count, 2);
    assert_eq!(machine.row("queues").last_status, Some(ScheduleStatus::Ok));
}

#[test]
fn a_pipeline_runs_in_its_directory_and_a_step_sends_its_request() {
    let machine = Machine::new("");
    let url = machine.platform.url().clone();
    machine.set_policy(&format!(
        "[http]\nallowed = [\"{url}\"]\n[pipelines]\nbeat = [\"heartbeat-clear\"]\n[steps.notify]\nuses = \"http\"\n\
         url = \"{url}registry/heartbeat\"\nbody = {{ workspace_id = \"ws-own\", from = \"notify\" }}\n\
         [steps.count]\nuses = \"exec\"\ncommand = [\"/bin/true\"]\n"
    ));
    let work = machine.sandbox.repository("work");
    let work = work.to_str().unwrap();
    let add = |name: &str, more: &[&str]| {
        let mut arguments = vec!["add", name, "--cron", "@daily"];
        arguments.extend(more);
        assert!(
            machine.schedule(&arguments).status.success(),
            "{}",
            machine.said(&arguments)
        );
    };
    add("beat", &["--pipeline", "beat", "--directory", "work"]);
    add("notify", &["--step", "notify"]);
    add("count", &["--step", "count"]);
    add("lost", &["--pipeline", "beat", "--directory", "gone"]);
    add("unknown", &["--pipeline", "no-such", "--directory", work]);
    let said: Vec<String> = ["beat", "notify", "count", "lost", "unknown"]
        .iter()
        .map(|name| {
            machine
                .said(&["run", name])
                .replace(url.as_str().trim_end_matches('/'), "[PLATFORM]")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
    let beats = machine.platform.heartbeats();
    assert_eq!(beats.len(), 2);
    assert_eq!(beats[1]["from"], "notify");
}
