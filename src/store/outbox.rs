//! The outbox: messages to the agents' platform that are not known to be delivered.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde::Serialize;

use crate::reason::Code;

use super::delivery::{COLUMNS, Delivery, DeliveryKind, DeliveryState, NewDelivery, delivery};
use super::retention::{before, correct_times};
use super::{Durability, Store, StoreError, millis};

/// How much there is of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that will not be tried again.
    pub dead: u64,
}

impl Store {
    /// Queues a message, or finds the one that has its key already.
    ///
    /// A heartbeat replaces those before it. When the outbox is full, heartbeats are removed first; then nothing more
    /// is accepted.
    pub fn enqueue(
        &self,
        message: &NewDelivery,
        durability: Durability,
    ) -> Result<Delivery, StoreError> {
        let now = self.now();
        let room = self.write(durability, |transaction| {
            if message.kind == DeliveryKind::Heartbeat {
                forget_heartbeats(transaction, message)?;
            }
            let mut used = used(transaction)?;
            if self.is_over(used, message) && message.kind == DeliveryKind::Memory {
                transaction.execute(
                    "DELETE FROM outbox WHERE settled_at IS NULL AND kind = 'heartbeat'",
                    (),
                )?;
                used = self::used(transaction)?;
            }
            if self.is_over(used, message) {
                return Ok(Err(used));
            }
            insert(transaction, message, now)?;
            find(transaction, &message.key).map(Ok)
        })?;
        room.map_err(|(rows, bytes)| StoreError::Full { rows, bytes })
    }

    /// Queues many messages that were kept elsewhere.
    pub(super) fn enqueue_all(&self, messages: &[NewDelivery]) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::PowerCut, |transaction| {
            messages
                .iter()
                .try_for_each(|message| insert(transaction, message, now))
        })
    }

    /// Returns the messages that wait for one workspace at one origin, in their order.
    pub fn waiting_deliveries(
        &self,
        origin: &str,
        workspace: &str,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox
                 WHERE settled_at IS NULL AND workspace = ?2 AND origin = ?1 ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([origin, workspace], delivery)?;
            rows.collect()
        })
    }

    /// Returns the messages that wait and those that are dead, in their order.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.read(|connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM outbox WHERE state <> 'delivered' ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((), delivery)?;
            rows.collect()
        })
    }

    /// Returns one message, whatever became of it.
    pub fn delivery(&self, id: i64) -> Result<Option<Delivery>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
            connection.query_row(&sql, [id], delivery).optional()
        })
    }

    /// Says whether a message has this key, whatever became of it.
    pub fn has_delivery(&self, key: &str) -> Result<bool, StoreError> {
        self.read(|connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE key = ?1)";
            connection.query_row(sql, [key], |row| row.get(0))
        })
    }

    /// Says how much there is of each.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|connection| {
            let count = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, u64>(0));
            Ok(Counts {
                waiting: count("SELECT count(*) FROM outbox WHERE settled_at IS NULL")?,
                dead: count("SELECT count(*) FROM outbox WHERE state = 'dead'")?,
            })
        })
    }

    /// Records that a message is about to be sent: until it is settled, it is unknown whether it arrived.
    pub fn begin_delivery(&self, id: i64) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'unsure', attempts = attempts + 1,
                         first_sent_at = coalesce(first_sent_at, ?2) WHERE id = ?1",
                )?
                .execute((id, now))
                .map(drop)
        })
    }

    /// Records that a message did not arrive, or that this is unknown, and when it is to be tried again.
    pub fn postpone_delivery(
        &self,
        id: i64,
        state: DeliveryState,
        reason: &str,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = ?2, reason = ?3, not_before = ?4 WHERE id = ?1",
                )?
                .execute((id, state.as_str(), reason, millis(not_before)))
                .map(drop)
        })
    }

    /// Ends a message: it arrived, or it will not be tried again. A heartbeat that arrived ends those before it.
    pub fn settle_delivery(
        &self,
        delivery: &Delivery,
        state: DeliveryState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = ?2, reason = ?3, settled_at = ?4 WHERE id = ?1",
                )?
                .execute((delivery.id, state.as_str(), reason, now))
                .map(drop)
        })
    }

    /// Forgets the heartbeats that wait for a workspace: a newer one arrived.
    pub fn forget_heartbeats(&self, origin: &str, workspace: &str) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(FORGET_HEARTBEATS)?
                .execute([origin, workspace])
                .map(drop)
        })
    }

    /// Returns how many messages like this one arrived since a time, beside it.
    pub fn delivered_like(&self, delivery: &Delivery, since: Timestamp) -> Result<u64, StoreError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM outbox WHERE state = 'delivered' AND origin = ?1 AND workspace = ?2
                       AND body = ?3 AND settled_at >= ?4 AND id <> ?5";
            let message = &delivery.message;
            let parameters = (
                &message.origin,
                &message.workspace,
                &message.body,
                millis(since),
                delivery.id,
            );
            connection.query_row(sql, parameters, |row| row.get(0))
        })
    }

    /// Forgets messages by their ids; all that wait or are dead when there are none. Returns how many.
    pub fn drop_deliveries(&self, ids: &[i64]) -> Result<usize, StoreError> {
        self.write(Durability::PowerCut, |transaction| {
            if ids.is_empty() {
                return transaction.execute("DELETE FROM outbox WHERE state <> 'delivered'", ());
            }
            let mut statement =
                transaction.prepare("DELETE FROM outbox WHERE id = ?1 AND state <> 'delivered'")?;
            ids.iter()
                .try_fold(0, |sum, id| Ok(sum + statement.execute([id])?))
        })
    }

    /// Makes every waiting message due now, except those that a server asked to delay; a dead one waits again when it
    /// is named. Returns how many.
    pub fn revive_deliveries(&self, ids: &[i64]) -> Result<usize, StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            if ids.is_empty() {
                return transaction.execute(
                    "UPDATE outbox SET not_before = 0 WHERE settled_at IS NULL AND reason IS NOT ?1",
                    [Code::RateLimited.as_str()],
                );
            }
            // Its age counts anew, or it would be given up again at once. Whether one that was sent arrived is asked first.
            let mut statement = transaction.prepare(
                "UPDATE outbox SET not_before = 0, settled_at = NULL,
                     created_at = CASE state WHEN 'dead' THEN ?2 ELSE created_at END,
                     state = CASE WHEN state <> 'dead' THEN state
                         WHEN first_sent_at IS NULL THEN 'waiting' ELSE 'unsure' END
                 WHERE id = ?1 AND state <> 'delivered'",
            )?;
            ids.iter()
                .try_fold(0, |sum, id| Ok(sum + statement.execute((id, now))?))
        })
    }

    /// Gives up the messages that wait for longer than the caps allow. Returns how many.
    pub fn bury_old_deliveries(&self) -> Result<usize, StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            correct_times(transaction, "outbox", now, self.caps.age)?;
            transaction.execute(
                "UPDATE outbox SET state = 'dead', reason = ?3, settled_at = ?2
                 WHERE settled_at IS NULL AND created_at < ?1",
                (before(now, self.caps.age), now, Code::TooOld.as_str()),
            )
        })
    }

    fn is_over(&self, (rows, bytes): (u64, u64), message: &NewDelivery) -> bool {
        let more = u64::try_from(message.body.len()).unwrap_or(u64::MAX);
        // One message always has room: it is kept before it is sent, so a larger one would never be.
        rows > 0 && (rows >= self.caps.rows || bytes.saturating_add(more) > self.caps.bytes)
    }
}

const FORGET_HEARTBEATS: &str = "DELETE FROM outbox
    WHERE settled_at IS NULL AND kind = 'heartbeat' AND origin = ?1 AND workspace = ?2";

fn forget_heartbeats(transaction: &Transaction<'_>, newer: &NewDelivery) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(FORGET_HEARTBEATS)?
        .execute([&newer.origin, &newer.workspace])
        .map(drop)
}

/// Returns how many rows and bytes wait.
fn used(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM outbox WHERE settled_at IS NULL",
        )?
        .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))
}

fn insert(transaction: &Transaction<'_>, message: &NewDelivery, now: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO outbox (key, kind, origin, workspace, body, seal, state, created_at)
             VALUES (:key, :kind, :origin, :workspace, :body, :seal, 'waiting', :now)
             ON CONFLICT (key) DO NOTHING",
        )?
        .execute(named_params! {
            ":key": message.key,
            ":kind": message.kind.as_str(),
            ":origin": message.origin,
            ":workspace": message.workspace,
            ":body": message.body,
            ":seal": message.seal(),
            ":now": now,
        })
        .map(drop)
}

fn find(connection: &Connection, key: &str) -> rusqlite::Result<Delivery> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE key = ?1");
    connection.prepare_cached(&sql)?.query_row([key], delivery)
}
