//! `kill -9` at every failpoint, and at random moments: what was acknowledged goes out once.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sendoff::demo::{Answer, Fault};
use sendoff::failpoint::Point;
use sendoff_testing::wait_until;
use serde_json::json;

use crate::install::killed::POINTS as OF_INSTALLATION;
use crate::program::piped;
use crate::world::World;

use super::operations::conflict;
use super::{git, wait_for_workers};

/// Runs a hook of an executor that is killed, or whose worker is, and says whether it was acknowledged.
fn hook(world: &World, point: Point) -> bool {
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    let mut command = world.command(&["hook", "executor"]);
    failing_at(&mut command, world, point);
    command
        .stdin(piped(task.as_bytes()))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().unwrap().success()
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

/// What lies in the way of a hook's worker, so that it comes to a point that it does not pass otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    Nothing,
    /// A rebase is in progress, so that nobody knows the branch.
    DuringRebase,
    /// The remote cannot be reached.
    RemoteAway,
    /// The platform fails.
    PlatformFails,
    /// The platform takes the memory, and its answer is lost.
    AnswerLost,
}

impl Obstacle {
    const fn of(point: Point) -> Self {
        match point {
            Point::WorkerMoved => Self::DuringRebase,
            Point::WorkerRetries => Self::RemoteAway,
            Point::MemoryPostponed | Point::HeartbeatQueued => Self::PlatformFails,
            Point::MemoryCompared => Self::AnswerLost,
            _ => Self::Nothing,
        }
    }
}

/// Lets a hook, or its worker, be killed at a point, and says whether it was acknowledged.
fn kill_at(world: &World, point: Point) -> bool {
    let hits = world.sandbox.path("hits");
    let is_hit = || std::fs::read_to_string(&hits).is_ok_and(|hits| hits.trim() == point.name());
    let obstacle = Obstacle::of(point);
    let url = format!("{}/acme/rocket.git", world.git.url());
    match obstacle {
        Obstacle::Nothing => {}
        Obstacle::DuringRebase => {
            conflict(world);
            let mut rebase = git(world, &world.work(), &["rebase", "-q", "main"]);
            assert!(!rebase.output().unwrap().status.success());
        }
        Obstacle::RemoteAway => world.point_to("http://127.0.0.1:9/acme/rocket.git"),
        Obstacle::PlatformFails => world.platform.fail_with(&[503; 8]),
        Obstacle::AnswerLost => {
            world.user_policy(
                "[pipelines]\npost-task = [\"memory-commit\", \"push\", \"pr-create\"]\n",
            );
            let lost = Answer::json(502, &json!({"error": "bad gateway"}));
            world.platform.inject([Fault::DoneBut(lost)]);
        }
    }
    let acknowledged = hook(world, point);
    match obstacle {
        Obstacle::DuringRebase => {
            world.sandbox.git(world.work(), &["rebase", "--abort"]);
        }
        Obstacle::AnswerLost => {
            wait_for_workers(world);
            if !is_hit() {
                // The memory was not due yet.
                let mut flush = world.command(&["flush"]);
                failing_at(&mut flush, world, point);
                assert!(!flush.status().unwrap().success());
            }
        }
        _ => {}
    }
    wait_until(point.name(), || is_hit().then_some(()));
    world.point_to(&url);
    acknowledged
}

/// Lets a program be killed at a point, and note it.
fn failing_at(command: &mut Command, world: &World, point: Point) {
    command.env("SENDOFF_FAILPOINT", point.name());
    command.env("SENDOFF_FAILPOINT_LOG", world.sandbox.path("hits"));
}

/// Each point but those of an installation, which `install::killed` kills at, is one at which somebody is killed here.
#[test]
fn x01_a_kill_at_every_failpoint_loses_nothing_and_doubles_nothing() {
    assert!(Point::ALL.len() >= 40);
    let mut points = Point::ALL.to_vec();
    points.retain(|point| !OF_INSTALLATION.contains(point));
    assert_eq!(points.len() + OF_INSTALLATION.len(), Point::ALL.len());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let points = &points;
            scope.spawn(move || {
                for point in points.iter().skip(half).step_by(2) {
                    let world = World::new();
                    let acknowledged = kill_at(&world, *point);
                    check(&world, acknowledged, point.name());
                }
            });
        }
    });
}

/// Guards that the worker which a killed hook had started carries out what the hook kept, though it was told nothing.
#[test]
fn the_worker_of_a_killed_hook_does_what_was_kept() {
    let world = World::new();
    assert!(!hook(&world, Point::HookIntended));
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    wait_until("the branch and the memory", || {
        let has_branch = world.tip("feature/x") == head && world.forge.pulls().len() == 1;
        (has_branch && world.platform.memories().len() == 1).then_some(())
    });
}
