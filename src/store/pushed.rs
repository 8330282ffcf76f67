//! The pushes of this machine: the record that leases and `undo` use.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, named_params};

use super::place::{Slot, bytes};
use super::{Durability, Store, StoreError, timestamp};

/// One successful push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRow {
    /// The run.
    pub run_id: String,
    /// The repository and the branch.
    pub slot: Slot,
    /// The URL, without a login.
    pub remote: String,
    /// The old commit of the branch, in hex; `None` where the branch was new.
    pub old: Option<String>,
    /// The new commit of the branch, in hex.
    pub new: String,
    /// When.
    pub pushed_at: Timestamp,
}

const COLUMNS: &str = "run_id, remote, old, new, pushed_at";

impl Store {
    /// Records that a push arrived.
    pub fn keep_pushed(&self, pushed: &PushedRow) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO pushed (run_id, repository, branch, remote, old, new, pushed_at)
                     VALUES (:run_id, :repository, :branch, :remote, :old, :new, :at)",
                )?
                .execute(named_params! {
                    ":run_id": pushed.run_id,
                    ":repository": bytes(&pushed.slot.repository),
                    ":branch": pushed.slot.branch,
                    ":remote": pushed.remote,
                    ":old": pushed.old,
                    ":new": pushed.new,
                    ":at": super::millis(pushed.pushed_at),
                })
                .map(drop)
        })
    }

    /// Returns the last push of a branch to a remote.
    pub fn last_pushed(&self, slot: &Slot, remote: &str) -> Result<Option<PushedRow>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM pushed WHERE repository = ?1 AND branch = ?2 AND remote = ?3
                 ORDER BY id DESC LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let parameters = (bytes(&slot.repository), &slot.branch, remote);
            statement
                .query_row(parameters, |row| pushed(row, slot))
                .optional()
        })
    }

    /// Returns the run that pushed a branch last.
    pub fn last_pusher(&self, slot: &Slot) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT run_id FROM pushed WHERE repository = ?1 AND branch = ?2 ORDER BY id DESC LIMIT 1";
            let parameters = (bytes(&slot.repository), &slot.branch);
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row(parameters, |row| row.get(0)).optional()
        })
    }

    /// Returns the pushes of a run, in their order.
    pub fn pushed_by(&self, run_id: &str, slot: &Slot) -> Result<Vec<PushedRow>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM pushed WHERE run_id = ?1 AND repository = ?2 AND branch = ?3 ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let parameters = (run_id, bytes(&slot.repository), &slot.branch);
            let rows = statement.query_map(parameters, |row| pushed(row, slot))?;
            rows.collect()
        })
    }
}

fn pushed(row: &Row<'_>, slot: &Slot) -> rusqlite::Result<PushedRow> {
    Ok(PushedRow {
        run_id: row.get(0)?,
        slot: slot.clone(),
        remote: row.get(1)?,
        old: row.get(2)?,
        new: row.get(3)?,
        pushed_at: timestamp(row.get(4)?),
    })
}
