//! What a hook tells a person: one line, and the command that tells more.

use std::time::{Duration, Instant};

use sendoff::store::{Turn, TurnAt};
use sendoff_testing::wait_until;

use crate::world::{World, step};

use super::{hand_over_and_end_at, last_report, put_off};

#[test]
fn a_hook_says_in_one_line_what_did_not_ship() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"5s\"");
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    world.run(&["run", "post-commit", "--json"]);
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = said.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("sendoff: feature/x waits since "),
        "{line}"
    );
    assert!(line.ends_with("; see: sendoff why"), "{line}");
    last_report(&world);
    // What it names tells more.
    let why = world.run(&["why"]).stdout;
    assert!(why.contains("Connection refused"), "{why}");
    assert!(
        why.contains("-> check that the remote can be reached"),
        "{why}"
    );
}

/// The same of a branch that failed for good: somebody else pushed to it.
#[test]
fn a_hook_says_in_one_line_what_failed() {
    let world = World::new();
    let bare = world.bare();
    let commit = "commit-tree -m theirs main^{tree}";
    let theirs = world
        .sandbox
        .git(&bare, &commit.split(' ').collect::<Vec<_>>());
    world
        .sandbox
        .git(&bare, &["update-ref", "refs/heads/feature/x", &theirs]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["reason"], "diverged", "{report}");
    let said = world.run(&["hook", "git-post-commit"]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = said.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("sendoff: feature/x did not ship at ")
            && line.ends_with("; see: sendoff why"),
        "{line}"
    );
    last_report(&world);
    let why = world.run(&["why"]).stdout;
    assert!(why.contains("(diverged)"), "{why}");
}

/// Guards that `--wait` does not sit out half an hour behind a task that nobody tries now.
#[test]
fn a_hook_that_waits_says_within_seconds_what_its_task_waits_for() {
    let world = World::new();
    hand_over_and_end_at(&world, &world.work(), "executor", "worker-began");
    let database = rusqlite::Connection::open(put_off::state(&world).join("store.db")).unwrap();
    let hour = "UPDATE intents SET attempts = 2, not_before = not_before + 3600000";
    assert_eq!(database.execute(hour, ()).unwrap(), 1);
    let first: String = database
        .query_row("SELECT run_id FROM intents", (), |row| row.get(0))
        .unwrap();
    drop(database);
    let began = Instant::now();
    let task = br#"{"task": {"input": "Fix it"}}"#;
    let said = world.run_with_input(&["hook", "executor", "--wait"], task);
    assert!(began.elapsed() < Duration::from_mins(1), "{}", said.stderr);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = said.stderr.trim_end();
    assert!(
        line.starts_with("sendoff: it is kept, and waits until ")
            && line.contains(&format!(
                " behind an earlier task of this branch, which did not go out (run {first}); to try now: sendoff flush"
            )),
        "{line}"
    );
    assert!(world.platform.memories().is_empty());
    // The advice, obeyed.
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.platform.memories().len(), 1);
}

/// Guards that `--wait` does not miss the report of a worker that waits for the next try: it has no turn meanwhile.
#[test]
fn a_hook_waits_for_a_worker_that_waits_without_the_turn() {
    let world = World::new();
    hand_over_and_end_at(&world, &world.work(), "executor", "worker-began");
    let database = rusqlite::Connection::open(put_off::state(&world).join("store.db")).unwrap();
    let minute = "UPDATE intents SET attempts = 2, not_before = not_before + 60000";
    assert_eq!(database.execute(minute, ()).unwrap(), 1);
    let waiting = || {
        let count = "SELECT count(*) FROM intents";
        let count: i64 = database.query_row(count, (), |row| row.get(0)).unwrap();
        (count == 2).then_some(())
    };
    // This test is the worker that waits: it has the turn when the hook asks, then none, and works at last.
    let slot = put_off::slot(&world);
    let turn = Turn::take(Some(&put_off::state(&world)), TurnAt::Slot(&slot)).unwrap();
    assert!(turn.is_some());
    let task = br#"{"task": {"input": "Fix it"}}"#;
    let arguments = ["hook", "executor", "--wait", "--json"];
    let said = std::thread::scope(|scope| {
        let hook = scope.spawn(|| world.run_with_input(&arguments, task));
        wait_until("the second intent", waiting);
        // The hook has looked at the turn.
        std::thread::sleep(Duration::from_secs(2));
        drop(turn);
        std::thread::sleep(Duration::from_secs(8));
        assert!(!hook.is_finished(), "it did not wait");
        // A program that another test starts has the lock too, until it is executed.
        wait_until("the branch's turn", || {
            (world.run(&["flush"]).code == Some(0)).then_some(())
        });
        hook.join().unwrap()
    });
    let report = said.report();
    assert_eq!(
        step(&report, "memory-commit")["verdict"],
        "done",
        "{report}"
    );
}

/// The same of work that no worker does now, as during a bisection.
#[test]
fn a_hook_that_waits_says_that_no_worker_is_left() {
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["bisect", "start"]);
    git(&["bisect", "bad"]);
    let said = world.run_with_input(
        &["hook", "executor", "--wait"],
        b"{\"task\": {\"input\": \"Fix it\"}}",
    );
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let line = "sendoff: it is kept, and no worker is left that does it now; a later run does; to try now: sendoff flush; \
                see: sendoff status\n";
    assert_eq!(said.stderr, line);
    git(&["bisect", "reset"]);
    world.run(&["flush"]);
    assert_eq!(world.platform.memories().len(), 1);
}
