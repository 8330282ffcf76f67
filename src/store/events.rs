//! The webhook deliveries that were received, so that redeliveries are recognised.

use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::event_firings::{FiringState, NewFiring, fire};
use super::retention::before;
use super::{Durability, Store, StoreError};

/// How long a delivery is stored.
pub const DELIVERIES_KEPT: Duration = Duration::from_hours(7 * 24);
/// How many rows each write removes at most, so that a write is short after a long pause.
const FORGOTTEN_AT_ONCE: u32 = 500;
/// A delivery, and the firings of the rules that it matches.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The kind of forge.
    pub source: String,
    /// The delivery's id.
    pub delivery: Option<String>,
    /// A hash of what makes two deliveries the same.
    pub digest: [u8; 32],
    /// Event and action.
    pub name: String,
    /// What it fires, one for each rule that it matches.
    pub firings: Vec<NewFiring>,
}

/// The result of storing a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventState {
    /// It was there before; nothing is fired.
    Duplicate(DuplicateBy),
    /// It is kept, with the state of each of its firings.
    Kept(Vec<FiringState>),
}

/// What a delivery has in common with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateBy {
    /// The same body for the same event.
    Body,
    /// The same id, with another body.
    Id,
}

impl Store {
    /// Keeps deliveries that were not received before, and decides what they fire. All of them or none. It survives a
    /// power cut, because the sender does not repeat a delivery that was answered.
    pub fn keep_events(&self, events: &[NewEvent]) -> Result<Vec<EventState>, StoreError> {
        let now = self.now();
        let kept = self.write(Durability::PowerCut, |transaction| {
            let kept = events.iter().map(|event| keep(transaction, event, now));
            let kept: rusqlite::Result<Vec<_>> = kept.collect();
            forget(transaction, now)?;
            kept
        })?;
        self.shorten_log();
        Ok(kept)
    }
}

/// Keeps one delivery.
fn keep(transaction: &Transaction<'_>, event: &NewEvent, now: i64) -> rusqlite::Result<EventState> {
    if let Some(by) = earlier(transaction, event, now)? {
        return Ok(EventState::Duplicate(by));
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO deliveries (source, delivery, digest, name, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            &event.source,
            &event.delivery,
            &event.digest,
            &event.name,
            now,
        ))?;
    let firings = event.firings.iter();
    let states = firings.map(|firing| fire(transaction, firing, now));
    states
        .collect::<rusqlite::Result<_>>()
        .map(EventState::Kept)
}

/// Says what an earlier delivery has in common with this one.
fn earlier(
    connection: &Connection,
    event: &NewEvent,
    now: i64,
) -> rusqlite::Result<Option<DuplicateBy>> {
    let since = before(now, DELIVERIES_KEPT);
    let is_same_body = connection
        .prepare_cached(
            "SELECT 1 FROM deliveries WHERE source = ?1 AND digest = ?2 AND received_at > ?3",
        )?
        .exists((&event.source, &event.digest, since))?;
    if is_same_body {
        return Ok(Some(DuplicateBy::Body));
    }
    let is_same_id = connection
        .prepare_cached(
            "SELECT 1 FROM deliveries WHERE source = ?1 AND delivery = ?2 AND received_at > ?3",
        )?
        .exists((&event.source, &event.delivery, since))?;
    Ok(is_same_id.then_some(DuplicateBy::Id))
}

/// Removes some of the deliveries that are too old.
fn forget(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    let since = before(now, DELIVERIES_KEPT);
    for sql in [
        "DELETE FROM deliveries WHERE id IN
             (SELECT id FROM deliveries WHERE received_at <= ?1 ORDER BY received_at LIMIT ?2)",
        "DELETE FROM event_firings WHERE id IN
             (SELECT id FROM event_firings WHERE settled_at <= ?1 ORDER BY settled_at LIMIT ?2)",
        // What could not be fired for so long is useless.
        "DELETE FROM event_firings WHERE id IN
             (SELECT id FROM event_firings WHERE settled_at IS NULL AND due_at <= ?1 ORDER BY due_at LIMIT ?2)",
    ] {
        transaction
            .prepare_cached(sql)?
            .execute((since, FORGOTTEN_AT_ONCE))?;
    }
    Ok(())
}
