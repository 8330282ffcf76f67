//! A run that its watchdog cuts off: what it was about to tell the platform is kept, or said to be lost; never both.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use sendoff::clock::Clock;
use sendoff::demo::Fault;
use sendoff::store::{BUSY_TIMEOUT, DeliveryKind, Durability, NewDelivery, Store};
use sendoff_testing::wait_until;
use serde_json::{Value, json};

use crate::world::{World, step};

use super::put_off::state;

/// A run of a task.
struct Run {
    running: std::process::Child,
}

impl Run {
    /// Starts it, with a deadline.
    fn start(world: &World, deadline: &str) -> Self {
        Self::start_with(world, deadline, &[])
    }

    /// Starts it, with variables too.
    fn start_with(world: &World, deadline: &str, variables: &[(&str, &str)]) -> Self {
        let deadline = format!("limits.deadline={deadline}");
        let arguments = ["run", "--input", "-", "--json", "--set", &deadline];
        let mut running = world
            .command(&arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let task = json!({"task": {"input": "Fix it"}}).to_string();
        let mut stdin = running.stdin.take().unwrap();
        stdin.write_all(task.as_bytes()).unwrap();
        Self { running }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.running);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn report(self) -> Value {
        let output = self.running.wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn verdict(report: &Value, name: &str) -> String {
    step(report, name)["verdict"].as_str().unwrap().to_owned()
}

/// Checks that the deadline cut the memory off and that it is said to be kept.
fn assert_memory_waits(report: &Value) {
    let memory = step(report, "memory-commit");
    assert_eq!(
        (&memory["verdict"], &memory["reason"], &memory["advice"]),
        (
            &json!("queued"),
            &json!("deadline"),
            &json!("it is tried again by itself; to try now: sendoff flush")
        ),
        "{report}"
    );
}

/// Checks that everything goes out, and the memories of the run once.
fn assert_sent(world: &World, memories: usize) {
    super::killed::settle(world);
    world.run(&["run", "post-commit"]);
    assert_eq!(world.platform.memories().len(), memories);
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
    assert_eq!(world.forge.pulls().len(), 1);
}

/// The thread of the run is stuck in the spool, whose lock another process has; the outbox has no room. The watchdog
/// keeps the task.
#[test]
fn a_memory_of_a_stuck_run_is_kept() {
    let world = World::new();
    world.user_policy(
        "[limits]\ndeadline = \"60s\"\n[store]\nmessages = 1\n[pipelines]\npost-task = [\"memory-commit\", \"push\", \"pr-create\"]\n",
    );
    let store = Store::open(&state(&world), &Clock::System, BUSY_TIMEOUT).unwrap();
    let other = NewDelivery {
        key: "other/memory".into(),
        kind: DeliveryKind::Memory,
        origin: "http://127.0.0.1:9".into(),
        workspace: "ws-2".into(),
        body: json!({"content": "c", "scope": "LOCAL"}).to_string(),
    };
    store.enqueue(&other, Durability::Process).unwrap();
    drop(store);
    world.platform.fail_with(&[503]);
    let spool = File::create(state(&world).join("spool.jsonl")).unwrap();
    spool.lock().unwrap();
    let began = Instant::now();
    let report = Run::start(&world, "1s").report();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_memory_waits(&report);
    assert_eq!(verdict(&report, "push"), "queued", "{report}");
    drop(spool);
    std::fs::remove_file(state(&world).join("spool.jsonl")).unwrap();
    // While there is no room, it waits; but whoever calls `flush` does not.
    let began = Instant::now();
    assert_eq!(world.run(&["flush"]).code, Some(75));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(world.platform.memories().len(), 0);
    assert_eq!(world.run(&["outbox", "drop", "1"]).code, Some(0));
    world.user_policy("");
    assert_sent(&world, 1);
}

/// The repository lies where every access hangs. The watchdog keeps the task, of which no step had a turn.
#[test]
fn a_memory_of_a_run_that_is_stuck_before_its_first_step_is_kept() {
    let world = World::new();
    let run = Run::start_with(&world, "1s", &[("SENDOFF_FAILPOINT", "hang:run-opened")]);
    let report = run.report();
    assert_memory_waits(&report);
    assert_eq!(verdict(&report, "push"), "failed", "{report}");
    // The advice, obeyed.
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_sent(&world, 1);
}

/// The thread of the run is stuck in the store, which another process has locked. What is in the outbox is said to
/// wait; what cannot be kept is not.
#[test]
fn a_run_that_is_stuck_in_the_store_ends_and_tells_what_waits() {
    let world = World::new();
    world.user_policy(
        "[pipelines]\npost-task = [[\"memory-commit\", \"second\"], \"push\", \"pr-create\"]\n\
         [steps.second]\nuses = \"memory-commit\"\n",
    );
    world.platform.inject([Fault::Silence]);
    // The second memory waits for two seconds for the first one's turn, and is then stuck.
    let run = Run::start(&world, "3s");
    wait_until("the first memory", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    let database = rusqlite::Connection::open(state(&world).join("store.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let report = run.report();
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(verdict(&report, "memory-commit"), "queued", "{report}");
    assert_eq!(verdict(&report, "second"), "queued", "{report}");
    let push = step(&report, "push");
    assert_eq!(
        (&push["verdict"], &push["reason"], &push["advice"]),
        (
            &json!("failed"),
            &json!("deadline"),
            &json!("run sendoff again: it could not be kept for later")
        ),
        "{report}"
    );
    // The advice, obeyed: the branch goes out, and the memories with it.
    assert_eq!(world.run(&["run", "post-commit"]).code, Some(0));
    assert_sent(&world, 2);
}

/// A run that was stopped past its deadline, while its memory was on the way, does not say that the memory failed.
#[test]
fn x05_a_memory_of_a_stopped_run_is_told_to_wait_and_sent_once() {
    let world = World::new();
    world.user_policy(
        "[limits]\nhttp-timeout = \"1m\"\n[pipelines]\npost-task = [\"memory-commit\", \"push\", \"pr-create\"]\n",
    );
    world.platform.inject([Fault::Silence]);
    let run = Run::start(&world, "5s");
    let began = Instant::now();
    wait_until("the memory", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    run.signal(rustix::process::Signal::STOP);
    let deadline = began + Duration::from_secs(6);
    wait_until("the deadline", || (Instant::now() > deadline).then_some(()));
    run.signal(rustix::process::Signal::CONT);
    let report = run.report();
    assert_eq!(verdict(&report, "memory-commit"), "queued", "{report}");
    assert_sent(&world, 1);
}
