//! What the store keeps of deliveries: debounce, limits, claims, over several processes.

use std::path::Path;
use std::time::Duration;

use pretty_assertions::assert_eq;
use sendoff::clock::Clock;
use sendoff::store::{DuplicateBy, EventState, FiringState, NewEvent, NewFiring, Store};

use crate::sandbox::Sandbox;

/// Opens the store at so many seconds after the beginning of these tests.
fn at(directory: &Path, seconds: i64) -> Store {
    let now = jiff::Timestamp::from_second(1_767_225_600 + seconds).unwrap();
    Store::open(directory, &Clock::Fixed(now), Duration::from_secs(5)).unwrap()
}

fn event(number: u8, debounce: u64, limit: Option<u32>) -> NewEvent {
    NewEvent {
        source: "github".into(),
        delivery: Some(format!("d-{number}")),
        digest: [number; 32],
        name: "issues.opened".into(),
        firings: vec![NewFiring {
            rule: "r".into(),
            fire: vec!["*".into()],
            facts: format!("{{\"number\":{number}}}"),
            debounce: (debounce > 0).then(|| Duration::from_secs(debounce)),
            limit: limit.map(|count| (count, Duration::from_hours(1))),
        }],
    }
}

/// Keeps one event, and returns the state of its firing.
fn keep(store: &Store, event: NewEvent) -> FiringState {
    let kept = store.keep_events(&[event]).unwrap();
    match kept.as_slice() {
        [EventState::Kept(states)] => states[0].clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_that_follow_one_another_fire_once_when_they_have_stopped() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    let until = |seconds: i64| {
        FiringState::Waits(jiff::Timestamp::from_second(1_767_225_600 + seconds).unwrap())
    };
    // Each is kept by another process.
    assert_eq!(keep(&at(&directory, 0), event(1, 30, None)), until(30));
    assert_eq!(keep(&at(&directory, 20), event(2, 30, None)), until(50));
    assert_eq!(at(&directory, 49).claim_firings().unwrap(), []);
    let claimed = at(&directory, 50).claim_firings().unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].facts, "{\"number\":2}");
    // It is claimed, so that no other process has it, and the next event begins another one.
    assert_eq!(at(&directory, 51).claim_firings().unwrap(), []);
    assert_eq!(keep(&at(&directory, 51), event(3, 30, None)), until(81));
    // Whoever claimed it and was killed is not waited for longer than a minute.
    let again = at(&directory, 111).claim_firings().unwrap();
    assert_eq!(again.len(), 2);
    for firing in again {
        at(&directory, 112).settle_firing(firing.id, &[]).unwrap();
    }
    assert_eq!(at(&directory, 999).claim_firings().unwrap(), []);
}

#[test]
fn events_without_end_do_not_put_a_firing_off_for_ever() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    let mut number = 0;
    let mut fired = Vec::new();
    for second in (0..400).step_by(10) {
        number += 1;
        keep(&at(&directory, second), event(number, 30, None));
        let store = at(&directory, second);
        for firing in store.claim_firings().unwrap() {
            store.settle_firing(firing.id, &[]).unwrap();
            fired.push(second);
        }
    }
    assert_eq!(fired, [300]);
}

#[test]
fn a_limit_holds_in_any_hour_and_over_restarts() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    let fires = |second: i64, number: u8| {
        let state = keep(&at(&directory, second), event(number, 0, Some(2)));
        matches!(state, FiringState::Due(_))
    };
    let fired: Vec<bool> = [0, 1800, 1801, 3599, 3600, 3601, 5400]
        .into_iter()
        .zip(1..)
        .map(|(second, number)| fires(second, number))
        .collect();
    assert_eq!(fired, [true, true, false, false, true, false, true]);
}

#[test]
fn a_limited_event_is_kept_and_does_not_come_again() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    keep(&at(&directory, 0), event(1, 0, Some(1)));
    assert_eq!(
        keep(&at(&directory, 1), event(2, 0, Some(1))),
        FiringState::Limited
    );
    let again = at(&directory, 2)
        .keep_events(&[event(2, 0, Some(1))])
        .unwrap();
    assert_eq!(again, [EventState::Duplicate(DuplicateBy::Body)]);
}

#[test]
fn one_transaction_tells_repeats_within_it_apart() {
    let sandbox = Sandbox::new();
    let store = at(&sandbox.path("state"), 0);
    let mut other = event(1, 0, None);
    other.digest = [9; 32];
    let kept = store.keep_events(&[
        event(1, 0, None),
        event(1, 0, None),
        other,
        event(2, 0, None),
    ]);
    let kept = kept.unwrap();
    assert!(matches!(kept[0], EventState::Kept(_)));
    assert_eq!(kept[1], EventState::Duplicate(DuplicateBy::Body));
    assert_eq!(kept[2], EventState::Duplicate(DuplicateBy::Id));
    assert!(matches!(kept[3], EventState::Kept(_)));
}

#[test]
fn a_firing_whose_writer_was_killed_is_found_by_another() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    let FiringState::Due(firing) = keep(&at(&directory, 0), event(1, 0, None)) else {
        panic!("not due");
    };
    assert_eq!(at(&directory, 1).claim_firings().unwrap(), []);
    let next = at(&directory, 1).next_firing().unwrap().unwrap();
    assert_eq!(next.as_second(), 1_767_225_660);
    assert_eq!(at(&directory, 60).claim_firings().unwrap(), [firing]);
}

#[test]
fn what_is_old_is_forgotten_a_part_at_a_time() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("state");
    let many = |from: u16, count: u16| -> Vec<NewEvent> {
        let numbers = from..from + count;
        let event = |number: u16| {
            let mut new = event(1, 0, None);
            new.delivery = Some(format!("m-{number}"));
            new.digest[..2].copy_from_slice(&number.to_be_bytes());
            new
        };
        numbers.map(event).collect()
    };
    at(&directory, 0).keep_events(&many(0, 1200)).unwrap();
    let rows = || -> i64 {
        let path = directory.join("store.db");
        let connection = rusqlite::Connection::open(path).unwrap();
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            connection.query_row(&sql, (), |row| row.get(0)).unwrap()
        };
        assert_eq!(count("deliveries"), count("event_firings"));
        count("deliveries")
    };
    assert_eq!(rows(), 1200);
    let week = 7 * 24 * 3600;
    at(&directory, week - 1)
        .keep_events(&many(2000, 1))
        .unwrap();
    assert_eq!(rows(), 1201);
    for left in [702, 203, 4] {
        at(&directory, week)
            .keep_events(&many(3000 + left, 1))
            .unwrap();
        assert_eq!(rows(), i64::from(left));
    }
}
