//! Claims: a firing belongs to one process while that process renews its claim.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, named_params};

use super::super::{Durability, Store, StoreError, millis, timestamp};
use super::firing::{self, Claim, ScheduleFiring, Wait, WaitsFor, firing, message_id};
use super::row::{self, FiringCause, ScheduleRow, schedule};

/// A due schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The schedule.
    pub schedule: ScheduleRow,
    /// Whether a firing of it has not ended.
    pub is_busy: bool,
    /// Whether that one failed transiently, and is to be tried again.
    pub is_retrying: bool,
}

impl Store {
    /// Returns what is due, the oldest first. The cost depends only on how many are due.
    pub(super) fn due_schedules(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {}, EXISTS (SELECT 1 FROM firings WHERE schedule = schedules.id AND ended_at IS NULL),
                     EXISTS (SELECT 1 FROM firings WHERE schedule = schedules.id AND ended_at IS NULL AND retries > 0)
                 FROM schedules WHERE enabled AND problem IS NULL AND next_run_at <= ?1
                 ORDER BY next_run_at LIMIT ?2",
                row::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((millis(now), limit), |row| {
                Ok(Due {
                    schedule: schedule(row)?,
                    is_busy: row.get(row::COUNT)?,
                    is_retrying: row.get(row::COUNT + 1)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Returns when the next one is due.
    pub(super) fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT min(next_run_at) FROM schedules
                       WHERE enabled AND problem IS NULL AND next_run_at IS NOT NULL";
            let at: Option<i64> = connection
                .prepare_cached(sql)?
                .query_row((), |row| row.get(0))?;
            Ok(at.map(timestamp))
        })
    }

    /// Claims a schedule that is due, unless another process did since it was read.
    pub(super) fn claim_due(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError> {
        let Some(due_at) = due.next_run_at else {
            return Ok(None);
        };
        self.write(Durability::Process, |transaction| {
            let claimed = transaction
                .prepare_cached(
                    "UPDATE schedules SET next_run_at = :next, cause = 'time', event = NULL, firings = firings + 1
                     WHERE id = :id AND enabled AND next_run_at = :due AND firings = :firings",
                )?
                .execute(named_params! {
                    ":id": due.id,
                    ":next": claim.next_run_at.map(millis),
                    ":due": millis(due_at),
                    ":firings": due.firings,
                })?;
            if claimed == 0 {
                return Ok(None);
            }
            insert(transaction, due, due_at, due.cause, claim).map(Some)
        })
    }

    /// Begins a firing that a person asks for. The next time of the schedule stays.
    pub(super) fn begin_now(
        &self,
        of: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError> {
        self.write(Durability::Process, |transaction| {
            let counted = transaction
                .prepare_cached(
                    "UPDATE schedules SET firings = firings + 1 WHERE id = ?1 AND firings = ?2",
                )?
                .execute((of.id, of.firings))?;
            if counted == 0 {
                return Ok(None);
            }
            let of = ScheduleRow {
                event: None,
                ..of.clone()
            };
            insert(transaction, &of, claim.now, FiringCause::Command, claim).map(Some)
        })
    }

    /// Takes over firings that their process gave back, or left when it was killed.
    pub(super) fn take_up(
        &self,
        claim: &Claim<'_>,
        limit: usize,
    ) -> Result<Vec<ScheduleFiring>, StoreError> {
        // Most often there is none, and a write waits for others.
        if !self.has_abandoned(claim.now)? {
            return Ok(Vec::new());
        }
        self.write(Durability::Process, |transaction| {
            let sql = format!(
                "UPDATE firings SET attempts = attempts + (holder IS NOT NULL), holder = :holder, held_until = :until
                 WHERE id IN (SELECT id FROM firings WHERE ended_at IS NULL AND held_until <= :now
                              ORDER BY held_until LIMIT :limit)
                 RETURNING {}",
                firing::COLUMNS
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let parameters = named_params! {
                ":holder": claim.holder,
                ":until": millis(claim.held_until),
                ":now": millis(claim.now),
                ":limit": limit,
            };
            let rows = statement.query_map(parameters, firing)?;
            rows.collect()
        })
    }

    fn has_abandoned(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.read(|connection| {
            let sql = "SELECT 1 FROM firings WHERE ended_at IS NULL AND held_until <= ?1 LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([millis(now)], |_| Ok(())).optional()?;
            Ok(found.is_some())
        })
    }

    /// Renews the claim of firings.
    pub(super) fn renew(&self, firings: &[i64], until: Timestamp) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE firings SET held_until = ?2 WHERE id = ?1 AND ended_at IS NULL",
            )?;
            firings
                .iter()
                .try_for_each(|id| update.execute((id, millis(until))).map(drop))
        })
    }

    /// Gives a firing back until a time, when any process can take it over.
    pub(super) fn put_off(&self, firing: &ScheduleFiring, wait: &Wait) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE firings SET holder = NULL, held_until = :until, detail = :detail, retries = retries + :retry
                     WHERE id = :id AND ended_at IS NULL",
                )?
                .execute(named_params! {
                    ":id": firing.id,
                    ":until": millis(wait.until),
                    ":detail": wait.detail,
                    ":retry": wait.for_what == WaitsFor::Retry,
                })
                .map(drop)
        })
    }
}

fn insert(
    transaction: &Transaction<'_>,
    of: &ScheduleRow,
    due_at: Timestamp,
    cause: FiringCause,
    claim: &Claim<'_>,
) -> rusqlite::Result<ScheduleFiring> {
    let sql = format!(
        "INSERT INTO firings (message_id, schedule, due_at, cause, event, holder, held_until, started_at)
         VALUES (:message, :schedule, :due, :cause, :event, :holder, :until, :now) RETURNING {}",
        firing::COLUMNS
    );
    transaction.prepare_cached(&sql)?.query_row(
        named_params! {
            ":message": message_id(of),
            ":schedule": of.id,
            ":due": millis(due_at),
            ":cause": cause.as_str(),
            ":event": of.event,
            ":holder": claim.holder,
            ":until": millis(claim.held_until),
            ":now": millis(claim.now),
        },
        firing,
    )
}
