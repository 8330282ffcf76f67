//! Intents: what a hook was asked to do, kept until a worker has reported on it.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use super::place::{Place, Slot, bytes, path};
use super::{Durability, Store, StoreError, timestamp};

/// What a hook was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIntent {
    /// The run that it becomes.
    pub run_id: String,
    /// What it is about.
    pub slot: Slot,
    /// Where that lies.
    pub place: Place,
    /// Who asked.
    pub surface: String,
    /// The pipeline to run.
    pub pipeline: String,
    /// The task document, without secrets; none where the surface carries none.
    pub task: Option<String>,
    /// The platform that it was meant for, and the workspace there; empty for none.
    pub platform: String,
}

/// An intent that waits, or that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The row.
    pub id: i64,
    /// What was asked.
    pub asked: NewIntent,
    /// When.
    pub created_at: Timestamp,
    /// How often a worker began it.
    pub attempts: u32,
    /// What became of it.
    pub state: IntentState,
}

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentState {
    /// Nothing yet.
    Waiting,
    /// A run reported on it: this one, which may have carried several.
    Carried(String),
}

/// The columns of an intent, in the order in which they are read.
const COLUMNS: &str = "id, run_id, repository, branch, git_dir, work_tree, directory, surface, pipeline, task, \
                       platform, created_at, attempts, carried_by";

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
                         pipeline, task, platform, created_at)
                     VALUES (:run_id, :repository, :branch, :git_dir, :work_tree, :directory, :surface,
                         :pipeline, :task, :platform, :now)
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
                    ":task": intent.task,
                    ":platform": intent.platform,
                    ":now": now,
                })
                .map(drop)
        })
    }

    /// Returns the intents of a slot that wait, oldest first.
    pub fn waiting_intents(&self, slot: &Slot) -> Result<Vec<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM intents
                 WHERE settled_at IS NULL AND repository = ?1 AND branch = ?2 ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((bytes(&slot.repository), &slot.branch), intent)?;
            rows.collect()
        })
    }

    /// Returns every intent that waits, oldest first.
    pub fn all_waiting_intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM intents WHERE settled_at IS NULL ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((), intent)?;
            rows.collect()
        })
    }

    /// Returns the intent of a run, whatever became of it.
    pub fn intent(&self, run_id: &str) -> Result<Option<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM intents WHERE run_id = ?1");
            connection.query_row(&sql, [run_id], intent).optional()
        })
    }

    /// Returns the last intent, of one repository where one is named.
    pub fn last_intent(
        &self,
        repository: Option<&std::path::Path>,
    ) -> Result<Option<Intent>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM intents WHERE ?1 IS NULL OR repository = ?1 ORDER BY id DESC LIMIT 1"
            );
            connection
                .query_row(&sql, [repository.map(bytes)], intent)
                .optional()
        })
    }

    /// Notes that a worker begins these intents, and returns nothing of them that is settled already.
    pub fn begin_intents(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction
                .prepare_cached("UPDATE intents SET attempts = attempts + 1 WHERE id = ?1")?;
            ids.iter()
                .try_for_each(|id| statement.execute([id]).map(drop))
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

    /// Ends intents that a run reported on. What they carried is forgotten.
    pub fn settle_intents(&self, ids: &[i64], carried_by: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.write(Durability::Process, |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE intents SET settled_at = ?2, carried_by = ?3, task = NULL WHERE id = ?1",
            )?;
            ids.iter()
                .try_for_each(|id| statement.execute((id, now, carried_by)).map(drop))
        })
    }
}

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let optional = |column: usize| -> rusqlite::Result<Option<PathBuf>> {
        let kept: Option<Vec<u8>> = row.get(column)?;
        Ok(kept.map(|kept| path(&kept)))
    };
    let carried_by: Option<String> = row.get(13)?;
    Ok(Intent {
        id: row.get(0)?,
        asked: NewIntent {
            run_id: row.get(1)?,
            slot: Slot {
                repository: path(&row.get::<_, Vec<u8>>(2)?),
                branch: row.get(3)?,
            },
            place: Place {
                git_dir: optional(4)?,
                work_tree: optional(5)?,
                directory: path(&row.get::<_, Vec<u8>>(6)?),
            },
            surface: row.get(7)?,
            pipeline: row.get(8)?,
            task: row.get(9)?,
            platform: row.get(10)?,
        },
        created_at: timestamp(row.get(11)?),
        attempts: row.get(12)?,
        state: carried_by.map_or(IntentState::Waiting, IntentState::Carried),
    })
}
