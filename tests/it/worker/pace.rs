//! How long a hook keeps its caller, beside one write that is synced to the same disk.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::World;

use super::wait_for_workers;

/// How often each is timed.
const ROUNDS: usize = 5;
/// Ten times what is promised for an idle machine.
const LONG: Duration = Duration::from_millis(500);

/// Returns how long a write takes that survives a power cut.
fn synced_write(world: &World, round: usize) -> Duration {
    let path = world.sandbox.path("home").join(format!("synced-{round}"));
    let began = Instant::now();
    let mut file = File::create(path).unwrap();
    file.write_all(&[b'x'; 4096]).unwrap();
    file.sync_all().unwrap();
    began.elapsed()
}

/// Guards that a hook returns long before anything that it asks for is done: the platform never answers.
#[test]
fn a_hook_returns_long_before_its_work_is_done() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"1s\"\nhttp-timeout = \"1s\"\n");
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    let input = world.sandbox.write("task.json", task);
    let (mut hooks, mut writes) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        world.platform.inject([sendoff::demo::Fault::Silence]);
        writes.push(synced_write(&world, round));
        let mut hook = world.command(&["hook", "executor"]);
        hook.stdin(File::open(&input).unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        assert!(hook.status().unwrap().success());
        hooks.push(began.elapsed());
        wait_for_workers(&world);
    }
    hooks.sort();
    writes.sort();
    let (hook, write) = (hooks[ROUNDS / 2], writes[ROUNDS / 2]);
    let ratio = hook.as_secs_f64() / write.as_secs_f64();
    println!(
        "a hook that hands a task over takes {hook:?}, {ratio:.1} times a synced write ({write:?}); the quickest {:?} (debug build)",
        hooks[0]
    );
    assert!(hooks[0] < LONG, "{hooks:?}");
}
