//! A platform that takes connections and never answers: what delivers messages without a run ends all the same.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sendoff_testing::wait_until;

use crate::world::World;

use super::silent_peers::silent;

/// How long the requests wait for an answer, which is more than the test waits for.
const HTTP_TIMEOUT: Duration = Duration::from_mins(1);

/// Returns a command of a world whose platform is silent.
fn command(world: &World, port: u16, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command
        .env("PLATFORM_URL", format!("http://127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs a command that must end by itself, and returns its exit code.
fn ended(world: &World, port: u16, arguments: &[&str]) -> Option<i32> {
    let began = Instant::now();
    let mut running = command(world, port, arguments)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let status = wait_until("the end of a command", || running.try_wait().unwrap());
    assert!(began.elapsed() < HTTP_TIMEOUT, "{arguments:?}");
    status.code()
}

/// Guards a worker and `sendoff flush`, which began a task whose memory was cut off again and again, and the deadline of a
/// delivery that is no part of a run.
#[test]
fn n03_a_flush_ends_though_the_platform_is_silent() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"1s\"\nhttp-timeout = \"1m\"\n");
    let port = silent("");
    world.sandbox.write(
        "task.json",
        r#"{"task": {"id": "7", "input": "make the button blue"}}"#,
    );
    let run = ["run", "--input", "../task.json"];
    assert_eq!(ended(&world, port, &run), Some(1));
    for flush in [&["flush"][..], &["outbox", "flush"], &["flush"]] {
        assert_eq!(ended(&world, port, flush), Some(75), "{flush:?}");
    }
    // Whoever answers gets it, once.
    assert_eq!(world.run(&["status"]).code, Some(75));
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let store = rusqlite::Connection::open(database).unwrap();
    let waiting = "SELECT count(*) FROM outbox WHERE settled_at IS NULL AND kind = 'memory'";
    let waiting: u32 = store.query_row(waiting, (), |row| row.get(0)).unwrap();
    assert_eq!(waiting, 1);
}
