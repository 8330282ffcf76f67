//! The store: what it keeps, for whom, and what it does with files that are not as they should be.

mod files;
mod outbox;
mod schedules;
mod spool;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sendoff::clock::Clock;
use sendoff::store::{
    IntentState, NewIntent, NewPending, Place, PushedRow, RunRow, Slot, Store, StoreError,
};

use crate::sandbox::Sandbox;

/// The time of these tests.
const NOW: &str = "2026-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn state(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("home/.local/state/sendoff")
}

fn open_at(directory: &Path, now: &str) -> Result<Store, StoreError> {
    Store::open(directory, &Clock::Fixed(at(now)), Duration::from_secs(5))
}

fn open(directory: &Path) -> Store {
    open_at(directory, NOW).unwrap()
}

fn slot(branch: &str) -> Slot {
    Slot {
        repository: "/src/rocket/.git".into(),
        branch: branch.into(),
    }
}

fn intent(run_id: &str, branch: &str, task: Option<&str>) -> NewIntent {
    NewIntent {
        run_id: run_id.into(),
        slot: slot(branch),
        place: Place {
            git_dir: None,
            work_tree: Some("/src/rocket".into()),
            directory: "/src/rocket/src".into(),
        },
        surface: "executor".into(),
        pipeline: "post-task".into(),
        steps: Vec::new(),
        task: task.map(str::to_owned),
        platform: "https://platform.example ws-1".into(),
    }
}

#[test]
fn an_intent_waits_until_a_run_reports_on_it_and_its_task_is_forgotten_then() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    let first = intent("r1", "feature/x", Some("{\"task\":{\"input\":\"hello\"}}"));
    store.intend(&first).unwrap();
    store.intend(&first).unwrap();
    store.intend(&intent("r2", "feature/y", None)).unwrap();
    let waiting = store.waiting_intents(&slot("feature/x")).unwrap();
    assert_eq!(waiting.len(), 1, "the same run twice is one intent");
    assert_eq!(waiting[0].asked, first);
    assert_eq!(store.all_waiting_intents().unwrap().len(), 2);
    store.begin_intents(&[waiting[0].id], at(NOW)).unwrap();
    store.settle_intents(&[waiting[0].id], "r9").unwrap();
    assert!(
        store
            .waiting_intents(&slot("feature/x"))
            .unwrap()
            .is_empty()
    );
    let settled = store.intent("r1").unwrap().unwrap();
    assert_eq!(settled.state, IntentState::Carried("r9".into()));
    assert_eq!((settled.attempts, settled.asked.task), (1, None));
    let last = store
        .last_intent(Some(&["/else".into(), "/src/rocket/.git".into()]))
        .unwrap();
    assert_eq!(last.unwrap().asked.run_id, "r2");
    assert_eq!(
        store
            .last_intent(Some(&["/elsewhere".into(), "/else".into()]))
            .unwrap(),
        None
    );
}

#[test]
fn an_intent_moves_to_the_branch_that_became_known() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    store.intend(&intent("r1", "", None)).unwrap();
    let id = store.waiting_intents(&slot("")).unwrap()[0].id;
    store.move_intents(&[id], &slot("feature/x")).unwrap();
    assert!(store.waiting_intents(&slot("")).unwrap().is_empty());
    assert_eq!(store.waiting_intents(&slot("feature/x")).unwrap().len(), 1);
}

#[test]
fn a_pending_push_is_one_row_a_branch_that_counts_its_tries() {
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let pending = |reason: &str| NewPending {
        slot: slot("feature/x"),
        git_dir: "/src/rocket/.git".into(),
        work_tree: Some("/src/rocket".into()),
        pipeline: "post-commit".into(),
        surface: "git-post-commit".into(),
        steps: vec!["push".into(), "pr-create".into()],
        reason: reason.into(),
        summary: "the remote does not answer".into(),
        not_before: at("2026-01-01T00:01:00Z"),
    };
    open(&directory).keep_pending(&pending("network")).unwrap();
    let store = open_at(&directory, "2026-01-01T00:05:00Z").unwrap();
    store.keep_pending(&pending("timeout")).unwrap();
    let kept = store.pending(&slot("feature/x")).unwrap().unwrap();
    assert_eq!(kept.what, pending("timeout"));
    assert_eq!((kept.attempts, kept.since), (2, at(NOW)));
    assert_eq!(store.all_pending(None).unwrap().len(), 1);
    assert!(store.settle_pending(&slot("feature/x")).unwrap());
    assert!(!store.settle_pending(&slot("feature/x")).unwrap());
    assert_eq!(store.pending(&slot("feature/x")).unwrap(), None);
}

#[test]
fn the_last_push_to_a_remote_is_what_a_lease_stands_on() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    let push = |run: &str, remote: &str, old: Option<&str>, new: &str| PushedRow {
        run_id: run.into(),
        slot: slot("feature/x"),
        remote: remote.into(),
        old: old.map(str::to_owned),
        new: new.into(),
        pushed_at: at(NOW),
    };
    store
        .keep_pushed(&push("r1", "https://a.example/r", None, "1"))
        .unwrap();
    store
        .keep_pushed(&push("r1", "https://b.example/r", None, "1"))
        .unwrap();
    store
        .keep_pushed(&push("r2", "https://a.example/r", Some("1"), "2"))
        .unwrap();
    let last = store
        .last_pushed(&slot("feature/x"), "https://a.example/r")
        .unwrap();
    assert_eq!(last.unwrap().new, "2");
    let of_run = store.pushed_by("r1", &slot("feature/x")).unwrap();
    assert_eq!(of_run.len(), 2);
    assert_eq!(
        store
            .last_pushed(&slot("feature/y"), "https://a.example/r")
            .unwrap(),
        None
    );
}

fn report(run_id: &str, started_at: &str) -> RunRow {
    let report = serde_json::json!({
        "schema": "sendoff.report/1", "run_id": run_id, "version": "0.1.0", "pipeline": "post-commit",
        "trigger": "git-post-commit", "repo": null, "started_at": started_at, "duration_ms": 7,
        "verdict": "done", "exit_code": 0, "steps": [], "notes": []
    });
    RunRow {
        slot: slot("feature/x"),
        report: serde_json::from_value(report).unwrap(),
    }
}

#[test]
fn history_is_forgotten_by_age_unless_a_clock_jumped() {
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    // A look for what is too old comes after each 32nd run.
    let record = |now: &str, numbers: std::ops::Range<u32>| {
        let store = open_at(&directory, now).unwrap();
        for n in numbers {
            store.record(&report(&format!("aa-{n}"), now)).unwrap();
        }
        store.runs(1000, None).unwrap().len()
    };
    assert_eq!(record(NOW, 1..32), 31);
    let one_wrong = record("2100-01-01T00:00:00Z", 32..33);
    assert_eq!(one_wrong, 32, "one run with a wrong clock forgets nothing");
    assert_eq!(record("2026-01-02T00:00:00Z", 33..65), 64);
    let later = record("2026-06-01T00:00:00Z", 65..129);
    assert_eq!(later, 65, "the last 64, and the one of the wrong clock");
}

#[test]
fn history_is_kept_by_count() {
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let caps = sendoff::store::Caps {
        runs: 3,
        ..sendoff::store::Caps::default()
    };
    let store = open(&directory).with_caps(caps);
    for n in 0..5 {
        store.record(&report(&format!("aa-{n}"), NOW)).unwrap();
    }
    let kept = store.runs(10, None).unwrap();
    let ids: Vec<&str> = kept.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(ids, ["aa-4", "aa-3", "aa-2"]);
    assert_eq!(store.run("aa-3").unwrap()[0].report.duration_ms, 7);
    assert_eq!(store.run("aa").unwrap().len(), 2, "too short to tell which");
    assert!(store.run("%").unwrap().is_empty(), "a pattern is a text");
    let last = store.last_run(&slot("feature/x")).unwrap().unwrap();
    assert_eq!(last.report.run_id, "aa-4");
}

/// Guards that what is too old goes, though it is not looked for in every run: that reads the whole history.
#[test]
fn history_is_kept_by_age() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    store
        .record(&report("bb-old", "2025-01-01T00:00:00Z"))
        .unwrap();
    for n in 0..32 {
        store.record(&report(&format!("aa-{n}"), NOW)).unwrap();
    }
    assert!(store.run("bb-old").unwrap().is_empty());
    assert_eq!(store.runs(100, None).unwrap().len(), 32);
}
