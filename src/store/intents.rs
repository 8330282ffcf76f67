//! Intents: the work that hooks handed over, stored until a worker has reported on it.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Params, named_params};

use crate::reason::Code;

use super::intent::{COLUMNS, Intent, NewIntent};
use super::place::{Slot, bytes};
use super::retention::{before, correct_times};
use super::{Durability, Store, StoreError, millis};

/// How often a worker begins an intent without a completed run, before it is given up.
const MAX_ATTEMPTS: u32 = 20;

impl Store {
    /// Keeps an intent. When this returns, it survives the end of the process; one that carries a task
    /// survives a power cut, too: a push can be derived again, a memory cannot.
    pub fn intend(&self, intent: &NewIntent) -> Result<(), StoreError> {
        let durability = match intent.task {
            Some(_) => Durability::PowerCut,
            None => Durability::Process,
        };
        let now = self.now();
        self.write(durability, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO intents (run_id, repository, branch, git_dir, work_tree, directory, surface,
                         pipeline, steps, task, platform, created_at)
                     VALUES (:run_id, :repository, :branch, :git_dir, :work_tree, :directory, :surface,
                         :pipeline, :steps, :task, :platform, :now)
                     ON CONFLICT (run_id) DO NOTHING",
                )?
                .execute(named_params! {
                    ":run_id": intent.run_id,
                    ":repository": bytes(&intent.slot.repository),
                    ":branch": intent.slot.branch,
                    ":git_dir": intent.place.git_dir.as_deref().map(bytes),
                    ":work_tree": intent.place.work_tree.as_deref().map(bytes),
                    ":directory": bytes(&intent.place.directory),
                    ":surface": intent.surface,
                    ":pipeline": intent.pipeline,
                    ":steps": intent.steps.join("\n"),
                    ":task": intent.task,
                    ":platform": intent.platform,
                    ":now": now,
                })
                .map(drop)
        })
    }

    /// Defers the steps of a run that did not run: its intent waits until `not_before`, and is for these steps only.
    /// Makes the intent of a run in the foreground.
    pub fn defer_intent(
        &self,
        intent: &NewIntent,
        reason: &str,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.intend(intent)?;
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE intents SET steps = ?2, reason = ?3, not_before = ?4, attempts = 0 WHERE run_id = ?1",
                )?
                .execute((
                    &intent.run_id,
                    intent.steps.join("\n"),
                    reason,
                    millis(not_before),
                ))
                .map(drop)
        })
    }

    /// Lets an intent wait until `not_before` at least.
    pub fn postpone_intent(&self, id: i64, not_before: Timestamp) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE intents SET not_before = max(not_before, ?2) WHERE id = ?1",
                )?
                .execute((id, millis(not_before)))
                .map(drop)
        })
    }

    /// Gives up the intents that wait for longer than the caps allow, and those that every worker was killed at.
    /// Returns how many.
    pub fn give_up_intents(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let age = before(now, self.caps().age);
        self.write(Durability::Process, |transaction| {
            correct_times(transaction, "intents", now, self.caps().age)?;
            transaction
                .prepare_cached(
                    "UPDATE intents SET settled_at = ?1,
                         reason = CASE WHEN created_at < ?2 THEN ?4 ELSE ?5 END
                     WHERE settled_at IS NULL AND (created_at < ?2 OR attempts >= ?3)",
                )?
                .execute((
                    now,
                    age,
                    MAX_ATTEMPTS,
                    Code::TooOld.as_str(),
                    Code::TooManyTries.as_str(),
                ))
        })
    }

    /// Makes every intent that waits due now; one that was given up waits again when it is named. Returns how many.
    pub fn revive_intents(&self, run_ids: &[String]) -> Result<usize, StoreError> {
        self.write(Durability::Process, |transaction| {
            let due = "UPDATE intents SET not_before = 0 WHERE settled_at IS NULL";
            let revived = transaction.execute(due, ())?;
            let mut again = transaction.prepare_cached(
                "UPDATE intents SET not_before = 0, attempts = 0, settled_at = NULL, reason = NULL, created_at = ?2
                 WHERE run_id = ?1 AND settled_at IS NOT NULL AND carried_by IS NULL",
            )?;
            run_ids
                .iter()
                .try_fold(revived, |sum, id| Ok(sum + again.execute((id, self.now()))?))
        })
    }

    /// Returns the intents that were given up, oldest first.
    pub fn given_up_intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.select_intents("settled_at IS NOT NULL AND carried_by IS NULL", ())
    }

    /// Returns the intents of a slot that wait, oldest first.
    pub fn waiting_intents(&self, slot: &Slot) -> Result<Vec<Intent>, StoreError> {
        self.select_intents(
            "settled_at IS NULL AND repository = ?1 AND branch = ?2",
            (bytes(&slot.repository), &slot.branch),
        )
    }

    /// Returns every intent that waits, oldest first.
    pub fn all_waiting_intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.select_intents("settled_at IS NULL", ())
    }

    /// Returns the intents for which a condition holds, oldest first.
    fn select_intents(
        &self,
        condition: &'static str,
        parameters: impl Params,
    ) -> Result<Vec<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM intents WHERE {condition} ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(parameters, Intent::read)?;
            rows.collect()
        })
    }

    /// Returns the intent of a run, whatever became of it.
    pub fn intent(&self, run_id: &str) -> Result<Option<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM intents WHERE run_id = ?1");
            connection
                .query_row(&sql, [run_id], Intent::read)
                .optional()
        })
    }

    /// Returns the last intent, of one repository where its names are given.
    pub fn last_intent(
        &self,
        repository: Option<&[PathBuf; 2]>,
    ) -> Result<Option<Intent>, StoreError> {
        let names = repository.map(|names| names.each_ref().map(|name| bytes(name)));
        let [one, other] = names.map_or([None, None], |names| names.map(Some));
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM intents WHERE ?1 IS NULL OR repository IN (?1, ?2)
                 ORDER BY id DESC LIMIT 1"
            );
            connection
                .query_row(&sql, [one, other], Intent::read)
                .optional()
        })
    }

    /// Records that a worker begins these intents. If it is killed before it reports on them, another one tries at
    /// `not_before`.
    pub fn begin_intents(&self, ids: &[i64], not_before: Timestamp) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE intents SET attempts = attempts + 1, not_before = ?2 WHERE id = ?1",
            )?;
            ids.iter()
                .try_for_each(|id| statement.execute((id, millis(not_before))).map(drop))
        })
    }

    /// Gives intents another slot: the branch is known now.
    pub fn move_intents(&self, ids: &[i64], slot: &Slot) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction
                .prepare_cached("UPDATE intents SET repository = ?2, branch = ?3 WHERE id = ?1")?;
            ids.iter().try_for_each(|id| {
                statement
                    .execute((id, bytes(&slot.repository), &slot.branch))
                    .map(drop)
            })
        })
    }

    /// Ends intents that a run reported on, and removes their tasks.
    pub fn settle_intents(&self, ids: &[i64], carried_by: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE intents SET settled_at = ?2, carried_by = ?3, task = NULL, reason = NULL WHERE id = ?1",
            )?;
            ids.iter()
                .try_for_each(|id| statement.execute((id, now, carried_by)).map(drop))
        })
    }
}
