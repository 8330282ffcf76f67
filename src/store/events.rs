//! Webhooks: which deliveries came, so that none counts twice, and what they fire.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::retention::before;
use super::{Durability, Store, StoreError, millis, timestamp};

/// How long a delivery is remembered.
pub const DELIVERIES_KEPT: Duration = Duration::from_hours(7 * 24);
/// How many rows each write forgets at most: a write stays short after a long pause.
const FORGOTTEN_AT_ONCE: u32 = 500;
/// How long whoever claims a firing has for it, before another process may.
const CLAIM: Duration = Duration::from_mins(1);

/// A delivery, and what it is to fire.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The kind of forge.
    pub source: String,
    /// The delivery's id.
    pub delivery: Option<String>,
    /// A hash of what makes it the same one again.
    pub digest: [u8; 32],
    /// Event and action.
    pub name: String,
    /// What it fires, one for each rule that it matches.
    pub firings: Vec<NewFiring>,
}

/// What one rule fires.
#[derive(Debug, Clone)]
pub struct NewFiring {
    /// The key of the rule's state.
    pub rule: String,
    /// Which schedules, as globs.
    pub fire: Vec<String>,
    /// The event's facts, as JSON.
    pub facts: String,
    /// How long it waits for further events.
    pub debounce: Option<Duration>,
    /// How often the rule fires at most, and in which time.
    pub limit: Option<(u32, Duration)>,
}

/// What became of a delivery.
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

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringState {
    /// It is due now, and claimed for whoever wrote it.
    Due(Firing),
    /// It waits for further events until this time; earlier ones may be part of it.
    Waits(Timestamp),
    /// The rule has fired as often as it may.
    Limited,
}

/// A firing that is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Its number.
    pub id: i64,
    /// Which schedules, as globs.
    pub fire: Vec<String>,
    /// The facts of the last event, as JSON.
    pub facts: String,
}

impl Store {
    /// Keeps deliveries, each unless it was there before, and decides what they fire. All of them or none; it survives a
    /// power cut, because the sender does not send again what was answered.
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

    /// Claims the firings that are due and that nobody works on.
    pub fn claim_firings(&self) -> Result<Vec<Firing>, StoreError> {
        let now = self.now();
        let is_due = self.next_firing()?.is_some_and(|at| millis(at) <= now);
        if !is_due {
            return Ok(Vec::new());
        }
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE event_firings SET claimed_until = ?2
                 WHERE settled_at IS NULL AND due_at <= ?1 AND claimed_until <= ?1
                 RETURNING id, fire, facts",
            )?;
            let rows = statement.query_map((now, claimed_until(now)), firing)?;
            rows.collect()
        })
    }

    /// Returns when the next firing is due that nobody works on.
    pub fn next_firing(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT min(max(due_at, claimed_until)) FROM event_firings WHERE settled_at IS NULL",
            )?;
            let at: Option<i64> = statement.query_row((), |row| row.get(0))?;
            Ok(at.map(timestamp))
        })
    }

    /// Notes which schedules a firing set due.
    pub fn settle_firing(&self, id: i64, schedules: &[String]) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE event_firings SET settled_at = ?2, schedules = ?3 WHERE id = ?1",
                )?
                .execute((id, now, list(schedules)))
                .map(drop)
        })
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

/// Decides what becomes of one firing.
fn fire(
    transaction: &Transaction<'_>,
    firing: &NewFiring,
    now: i64,
) -> rusqlite::Result<FiringState> {
    if let Some(debounce) = firing.debounce
        && let Some(at) = join(transaction, firing, debounce, now)?
    {
        return Ok(FiringState::Waits(at));
    }
    if let Some((most, window)) = firing.limit {
        let fired: u32 = transaction
            .prepare_cached(
                "SELECT count(*) FROM event_firings WHERE rule = ?1 AND created_at > ?2",
            )?
            .query_row((&firing.rule, before(now, window)), |row| row.get(0))?;
        if fired >= most {
            return Ok(FiringState::Limited);
        }
    }
    let wait = millis_of(firing.debounce.unwrap_or_default());
    let due_at = now.saturating_add(wait);
    // Nobody else looks for one that is due now until its writer had its time.
    let claimed = if wait == 0 { claimed_until(now) } else { 0 };
    transaction
        .prepare_cached(
            "INSERT INTO event_firings (rule, fire, facts, created_at, due_at, last_at, claimed_until)
             VALUES (:rule, :fire, :facts, :now, :due_at, :last_at, :claimed)",
        )?
        .execute(named_params! {
            ":rule": firing.rule,
            ":fire": list(&firing.fire),
            ":facts": firing.facts,
            ":now": now,
            ":due_at": due_at,
            ":last_at": now.saturating_add(wait.saturating_mul(LONGEST_WAIT)),
            ":claimed": claimed,
        })?;
    if wait > 0 {
        return Ok(FiringState::Waits(timestamp(due_at)));
    }
    Ok(FiringState::Due(Firing {
        id: transaction.last_insert_rowid(),
        fire: firing.fire.clone(),
        facts: firing.facts.clone(),
    }))
}

/// How many times its `debounce` a firing is put off at most.
const LONGEST_WAIT: i64 = 10;

/// Makes the event part of a firing of its rule that waits, and returns until when that waits now.
fn join(
    transaction: &Transaction<'_>,
    firing: &NewFiring,
    debounce: Duration,
    now: i64,
) -> rusqlite::Result<Option<Timestamp>> {
    let due_at = now.saturating_add(millis_of(debounce));
    transaction
        .prepare_cached(
            "UPDATE event_firings SET due_at = min(:due_at, last_at), facts = :facts
             WHERE rule = :rule AND settled_at IS NULL AND due_at > :now AND claimed_until <= :now
             RETURNING due_at",
        )?
        .query_row(
            named_params! {
                ":rule": firing.rule,
                ":facts": firing.facts,
                ":due_at": due_at,
                ":now": now,
            },
            |row| row.get(0),
        )
        .optional()
        .map(|at: Option<i64>| at.map(timestamp))
}

/// Forgets some of what is older than it is kept.
fn forget(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    let since = before(now, DELIVERIES_KEPT);
    for sql in [
        "DELETE FROM deliveries WHERE id IN
             (SELECT id FROM deliveries WHERE received_at <= ?1 ORDER BY received_at LIMIT ?2)",
        "DELETE FROM event_firings WHERE id IN
             (SELECT id FROM event_firings WHERE settled_at <= ?1 ORDER BY settled_at LIMIT ?2)",
        // What could not be fired in all that time is of no use any more.
        "DELETE FROM event_firings WHERE id IN
             (SELECT id FROM event_firings WHERE settled_at IS NULL AND due_at <= ?1 ORDER BY due_at LIMIT ?2)",
    ] {
        transaction
            .prepare_cached(sql)?
            .execute((since, FORGOTTEN_AT_ONCE))?;
    }
    Ok(())
}

fn claimed_until(now: i64) -> i64 {
    now.saturating_add(millis_of(CLAIM))
}

fn millis_of(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    let fire: String = row.get("fire")?;
    Ok(Firing {
        id: row.get("id")?,
        fire: serde_json::from_str(&fire).unwrap_or_default(),
        facts: row.get("facts")?,
    })
}

/// Writes a list as JSON. Texts always serialise.
fn list(texts: &[String]) -> String {
    serde_json::to_string(texts).unwrap_or_default()
}
