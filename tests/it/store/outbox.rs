//! The outbox: order, caps, heartbeats, dead letters, rows that somebody changed.

use std::time::Duration;

use sendoff::store::{
    Caps, DeliveryKind, DeliveryState, Durability, NewDelivery, Store, StoreError,
};

use crate::sandbox::Sandbox;

use super::{NOW, at, open, open_at, state};

const ORIGIN: &str = "https://platform.example";

fn message(kind: DeliveryKind, key: &str, workspace: &str) -> NewDelivery {
    NewDelivery {
        key: key.into(),
        kind,
        origin: ORIGIN.into(),
        workspace: workspace.into(),
        body: format!("{{\"content\":\"{key}\"}}"),
    }
}

fn memory(key: &str) -> NewDelivery {
    message(DeliveryKind::Memory, key, "ws-1")
}

fn queue(store: &Store, message: &NewDelivery) -> sendoff::store::Delivery {
    store.enqueue(message, Durability::PowerCut).unwrap()
}

fn waiting(store: &Store) -> Vec<String> {
    let rows = store.waiting_deliveries(ORIGIN, "ws-1").unwrap();
    rows.into_iter().map(|row| row.message.key).collect()
}

#[test]
fn l07_messages_wait_in_order_for_each_workspace() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    for key in ["a", "b", "c"] {
        queue(&store, &memory(key));
    }
    queue(&store, &message(DeliveryKind::Memory, "other", "ws-2"));
    assert_eq!(waiting(&store), ["a", "b", "c"]);
    assert_eq!(
        store
            .waiting_deliveries("https://other.example", "ws-1")
            .unwrap(),
        []
    );
    assert_eq!(store.counts().unwrap().waiting, 4);
}

#[test]
fn a_message_that_is_queued_twice_is_one() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    let first = queue(&store, &memory("a"));
    store.begin_delivery(first.id).unwrap();
    let again = queue(&store, &memory("a"));
    assert_eq!((again.id, again.state), (first.id, DeliveryState::Unsure));
    assert_eq!((again.attempts, again.first_sent_at), (1, Some(at(NOW))));
    store
        .settle_delivery(&again, DeliveryState::Delivered, None)
        .unwrap();
    assert_eq!(queue(&store, &memory("a")).state, DeliveryState::Delivered);
    assert!(waiting(&store).is_empty());
}

#[test]
fn only_the_newest_heartbeat_waits() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    for key in ["h1", "h2"] {
        queue(&store, &message(DeliveryKind::Heartbeat, key, "ws-1"));
    }
    queue(&store, &message(DeliveryKind::Heartbeat, "h3", "ws-2"));
    assert_eq!(waiting(&store), ["h2"]);
    store.forget_heartbeats(ORIGIN, "ws-1").unwrap();
    assert!(waiting(&store).is_empty());
    assert_eq!(store.counts().unwrap().waiting, 1);
}

#[test]
fn l09_a_full_outbox_gives_up_heartbeats_first_and_then_takes_nothing() {
    let sandbox = Sandbox::new();
    let caps = Caps {
        rows: 2,
        ..Caps::default()
    };
    let store = open(&state(&sandbox)).with_caps(caps);
    queue(&store, &memory("a"));
    queue(&store, &message(DeliveryKind::Heartbeat, "h", "ws-1"));
    queue(&store, &memory("b"));
    assert_eq!(waiting(&store), ["a", "b"]);
    for message in [memory("c"), message(DeliveryKind::Heartbeat, "h", "ws-1")] {
        let error = store.enqueue(&message, Durability::PowerCut).unwrap_err();
        assert!(matches!(error, StoreError::Full { rows: 2, .. }), "{error}");
        assert_eq!(
            error.advice(),
            "send what waits with `sendoff flush`, or drop it with `sendoff outbox drop`"
        );
    }
    let small = Caps {
        bytes: 20,
        ..Caps::default()
    };
    let store = open(&sandbox.path("small")).with_caps(small);
    queue(&store, &memory("a"));
    assert!(store.enqueue(&memory("b"), Durability::PowerCut).is_err());
    // One that is larger than the cap has to be kept before it is sent, as any other.
    let tiny = Caps {
        bytes: 1,
        ..Caps::default()
    };
    let store = open(&sandbox.path("tiny")).with_caps(tiny);
    queue(&store, &memory("a"));
    assert_eq!(waiting(&store), ["a"]);
}

#[test]
fn what_waited_too_long_is_dead_and_can_be_revived() {
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let row = queue(&open(&directory), &memory("a"));
    let store = open_at(&directory, "2026-03-01T00:00:00Z")
        .unwrap()
        .with_caps(Caps {
            age: Duration::from_hours(24),
            ..Caps::default()
        });
    assert_eq!(store.bury_old_deliveries().unwrap(), 1);
    assert!(waiting(&store).is_empty());
    let dead = store.delivery(row.id).unwrap().unwrap();
    assert_eq!(
        (dead.state, dead.reason.as_deref()),
        (DeliveryState::Dead, Some("too-old"))
    );
    assert_eq!(store.counts().unwrap().dead, 1);
    assert_eq!(store.revive_deliveries(&[row.id]).unwrap(), 1);
    assert_eq!(waiting(&store), ["a"]);
    assert_eq!(store.drop_deliveries(&[row.id, 999]).unwrap(), 1);
    assert_eq!(store.deliveries().unwrap(), []);
}

#[test]
fn a_row_that_was_changed_by_hand_is_seen() {
    let sandbox = Sandbox::new();
    let directory = state(&sandbox);
    let store = open(&directory);
    let row = queue(&store, &memory("a"));
    assert!(!row.altered);
    let hand = rusqlite::Connection::open(directory.join("store.db")).unwrap();
    hand.execute("UPDATE outbox SET origin = 'https://evil.example'", ())
        .unwrap();
    let row = store.delivery(row.id).unwrap().unwrap();
    assert!(row.altered);
}

#[test]
fn messages_of_one_text_are_told_apart_by_count() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    let same = |key: &str| NewDelivery {
        body: "{\"content\":\"continue\"}".into(),
        ..memory(key)
    };
    let first = queue(&store, &same("a"));
    let second = queue(&store, &same("b"));
    assert_eq!(store.delivered_like(&second, at(NOW)).unwrap(), 0);
    store
        .settle_delivery(&first, DeliveryState::Delivered, None)
        .unwrap();
    assert_eq!(store.delivered_like(&second, at(NOW)).unwrap(), 1);
    assert_eq!(
        store
            .delivered_like(&second, at("2026-01-02T00:00:00Z"))
            .unwrap(),
        0
    );
}
