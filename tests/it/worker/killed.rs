//! `kill -9` at every failpoint, and at random moments: what was acknowledged goes out once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use sendoff::failpoint::Point;
use serde_json::json;

use crate::world::World;

/// Runs a hook of an executor that is killed, or whose worker is, and says whether it was acknowledged.
fn hook(world: &World, point: Option<Point>) -> bool {
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    let mut command = world.command(&["hook", "executor"]);
    if let Some(point) = point {
        command.env("SENDOFF_FAILPOINT", point.name());
    }
    let mut hook = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = hook.stdin.take().unwrap();
    // One that was killed at once reads nothing.
    let _killed = std::io::Write::write_all(&mut stdin, task.as_bytes());
    drop(stdin);
    hook.wait().unwrap().success()
}

/// Lets everything go out that waits; workers that live have their time.
pub(super) fn settle(world: &World) {
    let until = Instant::now() + Duration::from_mins(5);
    loop {
        world.run(&["flush"]);
        let status = world.run(&["status", "--json"]).report();
        let is_empty = |key: &str| status[key] == serde_json::json!([]);
        if is_empty("handed_over") && is_empty("pending") && status["outbox"]["waiting"] == 0 {
            return;
        }
        assert!(Instant::now() < until, "{status}");
    }
}

fn check(world: &World, acknowledged: bool, what: &str) {
    // What can be derived again is, by the next hook.
    world.run(&["hook", "git-post-commit"]);
    settle(world);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head, "{what}: the commit is lost");
    assert_eq!(world.forge.pulls().len(), 1, "{what}: pull requests");
    let memories = world.platform.memories().len();
    assert!(memories <= 1, "{what}: {memories} memories");
    assert!(
        !acknowledged || memories == 1,
        "{what}: an acknowledged memory is lost"
    );
    assert_database(world);
}

/// Checks that the store is whole.
pub(super) fn assert_database(world: &World) {
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let check: String = rusqlite::Connection::open(database)
        .unwrap()
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn x01_a_kill_at_every_failpoint_loses_nothing_and_doubles_nothing() {
    assert!(Point::ALL.len() >= 40);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for point in Point::ALL.iter().skip(half).step_by(2) {
                    let world = World::new();
                    let acknowledged = hook(&world, Some(*point));
                    check(&world, acknowledged, point.name());
                }
            });
        }
    });
}
