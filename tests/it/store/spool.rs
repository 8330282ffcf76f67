//! The spool: what it holds is taken in whole, whatever an earlier writer left, and a full one says so.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use sendoff::store::{DeliveryKind, NewDelivery, Spool, Store, StoreError};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::{open, state};

const ORIGIN: &str = "https://platform.example";

fn memory(number: u32) -> NewDelivery {
    NewDelivery {
        key: format!("r{number}/memory-commit"),
        kind: DeliveryKind::Memory,
        origin: ORIGIN.into(),
        workspace: "ws-1".into(),
        body: format!("{{\"content\":\"{number}\",\"scope\":\"LOCAL\"}}"),
    }
}

fn add(directory: &Path, number: u32) {
    let spool = Spool::below(directory).unwrap();
    spool.append(&memory(number)).unwrap();
}

fn waiting(store: &Store) -> Vec<NewDelivery> {
    let rows = store.waiting_deliveries(ORIGIN, "ws-1").unwrap();
    rows.into_iter().map(|row| row.message).collect()
}

/// Half a line, of a process that was killed or found the disk full, costs no message that is written after it; nor do bytes
/// that are no text.
#[test]
fn x20_what_follows_half_a_line_is_taken_in() {
    supervise!();
    for half in [&b"{\"key\":\"half/mem"[..], b"\xff\xfe", b"\xff\xfe\n"] {
        let sandbox = Sandbox::new();
        let directory = state(&sandbox);
        add(&directory, 0);
        let spool = directory.join("spool.jsonl");
        let mut file = OpenOptions::new().append(true).open(&spool).unwrap();
        file.write_all(half).unwrap();
        drop(file);
        add(&directory, 1);
        add(&directory, 2);
        assert_eq!(
            waiting(&open(&directory)),
            [memory(0), memory(1), memory(2)]
        );
        assert!(!spool.exists());
    }
}

/// Many messages are taken in some at a time, in their order.
#[test]
fn a_long_spool_is_taken_in_in_order() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    add(&directory, 0);
    let mut lines = Vec::new();
    for number in 0..10_000 {
        serde_json::to_writer(&mut lines, &memory(number)).unwrap();
        lines.push(b'\n');
    }
    assert!(lines.len() > 1 << 20, "more than is taken in at once");
    fs::write(directory.join("spool.jsonl"), lines).unwrap();
    let taken = waiting(&open(&directory));
    assert_eq!(taken, (0..10_000).map(memory).collect::<Vec<_>>());
}

/// A full spool takes nothing more, says so, and loses nothing of what it holds.
#[test]
fn l09_a_full_spool_says_so_and_its_advice_helps() {
    supervise!();
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    add(&directory, 0);
    let spool = directory.join("spool.jsonl");
    let file = OpenOptions::new().append(true).open(&spool).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    drop(file);
    let error = Spool::below(&directory)
        .unwrap()
        .append(&memory(1))
        .unwrap_err();
    assert!(matches!(error, StoreError::SpoolFull { .. }), "{error}");
    let wanted = format!("the spool `{}` is full: 67108865 bytes", spool.display());
    assert_eq!(error.to_string(), wanted);
    assert_eq!(
        error.advice(),
        "run a sendoff that can open the store: it takes in what the spool holds"
    );
    // The advice, obeyed.
    assert_eq!(waiting(&open(&directory)), [memory(0)]);
    add(&directory, 1);
    assert_eq!(waiting(&open(&directory)), [memory(0), memory(1)]);
}
