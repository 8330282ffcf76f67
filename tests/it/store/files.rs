//! The files of the store: modes, owners, damage, versions, many processes at once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use sendoff::clock::Clock;
use sendoff::store::{DeliveryKind, LazyStore, NewDelivery, Spool, Store, StoreError};

use sendoff_testing::{left_out, supervise, wait_until};

use crate::sandbox::Sandbox;

use super::{intent, open, open_at, slot, state};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn x08_nobody_else_can_read_what_is_kept() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    fs::create_dir_all(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
    let store = open(&directory);
    store.intend(&intent("r1", "x", Some("{}"))).unwrap();
    assert_eq!(mode(&directory), 0o700);
    for name in ["store.db", "store.db-wal", "store.db-shm", "store.lock"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
}

#[test]
fn x09_a_state_directory_that_is_a_link_is_refused() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    fs::create_dir_all(directory.parent().unwrap()).unwrap();
    symlink(sandbox.path("home"), &directory).unwrap();
    let error = open_at(&directory, super::NOW).unwrap_err();
    assert!(matches!(error, StoreError::NotOurs(_)), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("is not a directory of this user's own")
    );
    assert!(
        error.advice().contains("or set XDG_STATE_HOME to one"),
        "{}",
        error.advice()
    );
}

#[test]
fn x09_a_state_directory_of_somebody_else_is_refused() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    fs::create_dir_all(&directory).unwrap();
    if std::os::unix::fs::chown(&directory, Some(12_345), None).is_err() {
        left_out("root", "nobody else can give a directory away");
        return;
    }
    let error = open_at(&directory, super::NOW).unwrap_err();
    assert!(matches!(error, StoreError::NotOurs(_)), "{error}");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    // The advice, obeyed.
    std::os::unix::fs::chown(&directory, Some(rustix::process::geteuid().as_raw()), None).unwrap();
    open(&directory);
}

/// Guards that a process does without the store only for as long as it cannot be opened.
#[test]
fn a_store_that_could_not_be_opened_is_tried_again() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    fs::create_dir_all(directory.parent().unwrap()).unwrap();
    symlink(sandbox.path("home"), &directory).unwrap();
    let store = LazyStore::below(Some(directory.clone()), Clock::System);
    let clone = store.clone();
    assert!(matches!(*store.get().unwrap_err(), StoreError::NotOurs(_)));
    assert!(store.late().is_err());
    fs::remove_file(&directory).unwrap();
    wait_until("the store", || clone.get().ok().map(drop));
    let intent = intent("r1", "x", None);
    store.get().unwrap().intend(&intent).unwrap();
    // What ends the process has the same store.
    let late = store.late().unwrap();
    assert_eq!(late.all_waiting_intents().unwrap().len(), 1);
}

#[test]
fn x20_a_damaged_store_is_set_aside_and_a_fresh_one_begun() {
    supervise!();
    for garbage in [
        &b"this is no database at all, but it is long enough to be looked at"[..],
        &[0xff; 8192],
    ] {
        let sandbox = Sandbox::new();
        let directory = state(&sandbox);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("store.db"), garbage).unwrap();
        let store = open(&directory);
        let aside = store.set_aside().unwrap();
        assert_eq!(fs::read(aside).unwrap(), garbage);
        store.intend(&intent("r1", "x", None)).unwrap();
        drop(store);
        let again = open(&directory);
        assert_eq!(again.set_aside(), None);
        assert_eq!(again.waiting_intents(&slot("x")).unwrap().len(), 1);
    }
}

#[test]
fn x20_x21_a_newer_store_is_left_alone_and_memories_go_to_the_spool() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    drop(open(&directory));
    let path = directory.join("store.db");
    let connect = || rusqlite::Connection::open(&path).unwrap();
    let ours: u32 = connect()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    let set_version = |version: u32| {
        connect()
            .pragma_update(None, "user_version", version)
            .unwrap();
    };
    set_version(99);
    let before = fs::read(&path).unwrap();
    let error = open_at(&directory, super::NOW).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is of a newer version of sendoff (99)"),
        "{error}"
    );
    assert!(
        error.advice().starts_with("use the newer sendoff, or move"),
        "{}",
        error.advice()
    );
    assert_eq!(fs::read(&path).unwrap(), before);

    let memory = |n: u32| NewDelivery {
        key: format!("r{n}/memory-commit"),
        kind: DeliveryKind::Memory,
        origin: "https://platform.example".into(),
        workspace: "ws-1".into(),
        body: format!("{{\"content\":\"{n}\",\"scope\":\"LOCAL\"}}"),
    };
    for n in 0..3 {
        Spool::below(&directory)
            .unwrap()
            .append(&memory(n))
            .unwrap();
    }
    assert_eq!(mode(&directory.join("spool.jsonl")), 0o600);
    // A process that was killed while it wrote leaves half a line.
    let mut half = fs::read(directory.join("spool.jsonl")).unwrap();
    half.extend_from_slice(b"{\"key\":\"r3/mem");
    fs::write(directory.join("spool.jsonl"), half).unwrap();
    set_version(ours);
    let store = open(&directory);
    let waiting = store
        .waiting_deliveries("https://platform.example", "ws-1")
        .unwrap();
    let kept: Vec<NewDelivery> = waiting.into_iter().map(|row| row.message).collect();
    assert_eq!(kept, [memory(0), memory(1), memory(2)]);
    assert!(!directory.join("spool.jsonl").exists());
}

#[test]
fn x20_a_store_that_somebody_holds_costs_no_more_than_the_patience() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let store = Store::open(&directory, &Clock::System, Duration::from_millis(100)).unwrap();
    let holder = rusqlite::Connection::open(directory.join("store.db")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    let error = store.intend(&intent("r1", "x", None)).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    let told = error.to_string();
    assert!(
        told.ends_with("store.db` is locked by another process"),
        "{told}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(error.advice(), "run again when the other sendoff has ended");
    holder.execute_batch("ROLLBACK").unwrap();
    store.intend(&intent("r1", "x", None)).unwrap();
}

#[test]
fn fifty_first_opens_at_once_make_one_store() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    std::thread::scope(|scope| {
        for n in 0..50 {
            let directory = &directory;
            scope.spawn(move || {
                let store =
                    Store::open(directory, &Clock::System, Duration::from_secs(20)).unwrap();
                store
                    .intend(&intent(&format!("r{n}"), "x", Some("{}")))
                    .unwrap();
            });
        }
    });
    assert_eq!(
        open(&directory).waiting_intents(&slot("x")).unwrap().len(),
        50
    );
    let check: String = rusqlite::Connection::open(directory.join("store.db"))
        .unwrap()
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

/// Guards that a run does not read more and more of what earlier runs wrote, and that nothing is lost when the log begins anew.
#[test]
fn the_log_stays_short_over_many_runs_and_whoever_reads_meanwhile_is_not_disturbed() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let log = directory.join("store.db-wal");
    let run = |number: usize| {
        let store = open(&directory);
        let id = format!("run-{number}");
        store.record(&super::report(&id, super::NOW)).unwrap();
        fs::metadata(&log).unwrap().len()
    };
    let longest = (0..150).map(run).max().unwrap();
    // 256 KiB, and what one run adds.
    assert!(longest < 400 << 10, "{longest}");
    // A reader that stays holds on to what it sees.
    let reader = rusqlite::Connection::open(directory.join("store.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = |connection: &rusqlite::Connection| -> usize {
        let sql = "SELECT count(*) FROM runs";
        connection.query_row(sql, (), |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&reader), 150);
    let longest = (150..250).map(run).max().unwrap();
    assert_eq!(count(&reader), 150);
    assert!(longest > 400 << 10, "{longest}");
    reader.execute_batch("COMMIT").unwrap();
    run(250);
    assert!(fs::metadata(&log).unwrap().len() < 400 << 10);
    assert_eq!(open(&directory).runs(1000, None).unwrap().len(), 251);
}
