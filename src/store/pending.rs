//! Pending pushes and pull requests: names only, because a retry is planned with the policy of that time.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, named_params};

use super::place::{Slot, bytes, path};
use super::{Durability, Store, StoreError, millis, timestamp};

/// What is to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPending {
    /// The repository and the branch.
    pub slot: Slot,
    /// The git directory of the work tree.
    pub git_dir: PathBuf,
    /// The top of the work tree.
    pub work_tree: Option<PathBuf>,
    /// The pipeline of the steps.
    pub pipeline: String,
    /// Who asked.
    pub surface: String,
    /// The steps to run, by name.
    pub steps: Vec<String>,
    /// Why they did not succeed: a stable code.
    pub reason: String,
    /// The same in one line, safe to show.
    pub summary: String,
    /// The earliest time of the next try.
    pub not_before: Timestamp,
}

/// A row that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What is to be tried.
    pub what: NewPending,
    /// When it was tried first.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

const COLUMNS: &str = "repository, branch, git_dir, work_tree, pipeline, surface, steps, reason, summary, since, \
                       attempts, not_before";

impl Store {
    /// Records that a branch is to be tried again; counts one more try where it is recorded already.
    pub fn keep_pending(&self, pending: &NewPending) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO pending (repository, branch, git_dir, work_tree, pipeline, surface, steps, reason,
                         summary, since, attempts, not_before)
                     VALUES (:repository, :branch, :git_dir, :work_tree, :pipeline, :surface, :steps, :reason,
                         :summary, :now, 1, :not_before)
                     ON CONFLICT (repository, branch) DO UPDATE SET git_dir = :git_dir, work_tree = :work_tree,
                         pipeline = :pipeline, surface = :surface, steps = :steps, reason = :reason,
                         summary = :summary, attempts = attempts + 1, not_before = :not_before",
                )?
                .execute(named_params! {
                    ":repository": bytes(&pending.slot.repository),
                    ":branch": pending.slot.branch,
                    ":git_dir": bytes(&pending.git_dir),
                    ":work_tree": pending.work_tree.as_deref().map(bytes),
                    ":pipeline": pending.pipeline,
                    ":surface": pending.surface,
                    ":steps": pending.steps.join("\n"),
                    ":reason": pending.reason,
                    ":summary": pending.summary,
                    ":now": now,
                    ":not_before": millis(pending.not_before),
                })
                .map(drop)
        })
    }

    /// Removes the row of a branch that was shipped or given up. Says whether there was one.
    pub fn settle_pending(&self, slot: &Slot) -> Result<bool, StoreError> {
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction
                .prepare_cached("DELETE FROM pending WHERE repository = ?1 AND branch = ?2")?;
            let deleted = statement.execute((bytes(&slot.repository), &slot.branch))?;
            Ok(deleted > 0)
        })
    }

    /// Returns the row of a branch.
    pub fn pending(&self, slot: &Slot) -> Result<Option<Pending>, StoreError> {
        self.read(|connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM pending WHERE repository = ?1 AND branch = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            statement
                .query_row((bytes(&slot.repository), &slot.branch), pending)
                .optional()
        })
    }

    /// Returns every row, the oldest first; those of one repository where one is named.
    pub fn all_pending(&self, repository: Option<&Path>) -> Result<Vec<Pending>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM pending WHERE ?1 IS NULL OR repository = ?1 ORDER BY since, branch"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([repository.map(bytes)], pending)?;
            rows.collect()
        })
    }
}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let steps: String = row.get(6)?;
    let work_tree: Option<Vec<u8>> = row.get(3)?;
    Ok(Pending {
        what: NewPending {
            slot: Slot {
                repository: path(&row.get::<_, Vec<u8>>(0)?),
                branch: row.get(1)?,
            },
            git_dir: path(&row.get::<_, Vec<u8>>(2)?),
            work_tree: work_tree.map(|kept| path(&kept)),
            pipeline: row.get(4)?,
            surface: row.get(5)?,
            steps: steps.lines().map(str::to_owned).collect(),
            reason: row.get(7)?,
            summary: row.get(8)?,
            not_before: timestamp(row.get(11)?),
        },
        since: timestamp(row.get(9)?),
        attempts: row.get(10)?,
    })
}
