//! A worker that cannot open the store, though the intent is in it; and one that can, though the hook could not.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Instant;

use sendoff::clock::Clock;
use sendoff::names::RunId;
use sendoff::store::{BUSY_TIMEOUT, NewIntent, Place, Store};
use sendoff_testing::wait_until;
use serde_json::json;

use crate::world::{World, step};

use super::killed::settle;
use super::put_off::{slot, state};
use super::wait_for_workers;

/// Makes what a hook of an executor would keep in the clone.
fn intent(world: &World) -> NewIntent {
    let work = world.work().canonicalize().unwrap();
    let platform = format!(
        "{} ws-1",
        world.platform.url().as_str().trim_end_matches('/')
    );
    NewIntent {
        run_id: RunId::new(Clock::System.now()).to_string(),
        slot: slot(world),
        place: Place {
            git_dir: Some(work.join(".git")),
            work_tree: Some(work.clone()),
            directory: work,
        },
        surface: "executor".into(),
        pipeline: "post-task".into(),
        steps: Vec::new(),
        task: Some(json!({"task": {"input": "Fix it"}}).to_string()),
        platform,
    }
}

/// Starts the worker as a hook does, and waits for its end.
fn work(world: &World, intent: &NewIntent, kept: &str) {
    let mut worker = world.command(&["worker"]);
    let mut running = worker
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let message = json!({"intent": intent, "kept": kept}).to_string();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(message.as_bytes()).unwrap();
    drop(stdin);
    assert!(running.wait().unwrap().success());
    wait_for_workers(world);
}

/// Gives the store's tables a number, such as that of a version to come.
fn set_version(world: &World, version: i64) -> i64 {
    let database = rusqlite::Connection::open(state(world).join("store.db")).unwrap();
    let before = database
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    database
        .pragma_update(None, "user_version", version)
        .unwrap();
    before
}

/// Guards that a memory whose intent waits in a store that cannot be opened is not sent past it: it would be sent
/// once more.
#[test]
fn x20_a_worker_that_cannot_open_the_store_ships_the_branch_and_leaves_the_memory() {
    let world = World::new();
    let intent = intent(&world);
    let store = Store::open(&state(&world), &Clock::System, BUSY_TIMEOUT).unwrap();
    store.intend(&intent).unwrap();
    drop(store);
    let version = set_version(&world, 1000);
    work(&world, &intent, "InStore");
    assert_eq!(
        world.tip("feature/x"),
        world.sandbox.head(&world.work()),
        "the branch needs no store"
    );
    assert_eq!(world.platform.memories().len(), 0);
    let said = world.run(&["flush"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("is of a newer version of sendoff"),
        "{}",
        said.stderr
    );
    set_version(&world, version);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.platform.memories().len(), 1);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that a worker keeps what its hook could not keep, so that its own end loses nothing.
#[test]
fn a_worker_keeps_what_its_hook_could_not() {
    let world = World::new();
    world.platform.fail_with(&[503]);
    let intent = intent(&world);
    work(&world, &intent, "Nowhere");
    let store = Store::open(&state(&world), &Clock::System, BUSY_TIMEOUT).unwrap();
    assert!(store.intent(&intent.run_id).unwrap().is_some());
    // The heartbeat is cleared beside the memory, and either can be the one that failed: a memory is due in a second.
    settle(&world);
    assert_eq!(world.platform.memories().len(), 1);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that a memory for which there is no room anywhere is said to be lost: the store is of a newer version, the spool
/// beside it full, the platform away.
#[test]
fn x20_a_run_says_that_the_spool_is_full() {
    let world = World::new();
    drop(Store::open(&state(&world), &Clock::System, BUSY_TIMEOUT).unwrap());
    let version = set_version(&world, 1000);
    let spool = state(&world).join("spool.jsonl");
    std::fs::write(&spool, "").unwrap();
    let memory = |fails: &[u16]| {
        world.platform.fail_with(fails);
        let report = world.run_task("Fix it").report();
        let memory = step(&report, "memory-commit").clone();
        (memory["verdict"].clone(), memory["summary"].to_string())
    };
    world.user_policy("[pipelines]\npost-task = [\"memory-commit\"]\n");
    let (verdict, told) = memory(&[503]);
    assert_eq!(verdict, "queued", "{told}");
    let file = std::fs::OpenOptions::new().append(true).open(&spool);
    let kept = std::fs::metadata(&spool).unwrap().len();
    file.unwrap().set_len((64 << 20) + 1).unwrap();
    let (verdict, told) = memory(&[503]);
    assert_eq!(verdict, "failed", "{told}");
    assert!(
        told.contains("it cannot be kept for later: ")
            && told.contains("is of a newer version of sendoff (1000); the spool ")
            && told.contains("is full: 67108865 bytes"),
        "{told}"
    );
    // What was queued is sent by the version that can open the store.
    std::fs::OpenOptions::new()
        .write(true)
        .open(&spool)
        .unwrap()
        .set_len(kept)
        .unwrap();
    set_version(&world, version);
    assert_eq!(world.run(&["outbox", "flush"]).code, Some(0));
    assert_eq!(world.platform.memories().len(), 1);
}

/// Guards that git does not wait long for a process that has the store locked: the worker waits in the hook's place.
#[test]
fn a_hook_leaves_a_locked_store_to_its_worker() {
    let world = World::new();
    drop(Store::open(&state(&world), &Clock::System, BUSY_TIMEOUT).unwrap());
    let other = rusqlite::Connection::open(state(&world).join("store.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let hook = world.run(&["hook", "git-post-commit"]);
    assert!(began.elapsed() < BUSY_TIMEOUT, "{:?}", began.elapsed());
    assert_eq!(
        (hook.code, hook.stdout.as_str(), hook.stderr.as_str()),
        (Some(0), "", "")
    );
    other.execute_batch("ROLLBACK").unwrap();
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    wait_until("the branch", || {
        (world.tip("feature/x") == head).then_some(())
    });
}
