//! The firings of webhook deliveries, until their schedules are set due: debounce periods, limits and claims.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::retention::before;
use super::{Durability, Store, StoreError, millis, timestamp};

/// How long a claim of a firing is valid, before another process can claim it.
const CLAIM_TIME: Duration = Duration::from_mins(1);

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

/// The state of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringState {
    /// It is due now, and claimed for the caller.
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
    /// Claims the firings that are due and that no process has claimed.
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

    /// Returns when the next unclaimed firing is due.
    pub fn next_firing(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT min(max(due_at, claimed_until)) FROM event_firings WHERE settled_at IS NULL",
            )?;
            let at: Option<i64> = statement.query_row((), |row| row.get(0))?;
            Ok(at.map(timestamp))
        })
    }

    /// Records the schedules that a firing set due.
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

/// Decides the state of one firing.
pub(super) fn fire(
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
    // No other process claims a firing that is due now until its writer had its time.
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

/// The most that a firing is put off, as a multiple of its `debounce`.
const LONGEST_WAIT: i64 = 10;

/// Adds the event to a waiting firing of its rule, and returns until when that waits now.
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

fn claimed_until(now: i64) -> i64 {
    now.saturating_add(millis_of(CLAIM_TIME))
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
