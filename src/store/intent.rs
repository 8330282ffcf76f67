//! An intent, and its row.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::place::{Place, Slot, path};
use super::timestamp;

/// The work that a hook handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIntent {
    /// The run that it becomes.
    pub run_id: String,
    /// The repository and the branch.
    pub slot: Slot,
    /// The place of the work tree.
    pub place: Place,
    /// The surface that called.
    pub surface: String,
    /// The pipeline to run.
    pub pipeline: String,
    /// The only steps of it to run; all when there are none.
    #[serde(default)]
    pub steps: Vec<String>,
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
    /// How often a worker began it since it was last put off by a run.
    pub attempts: u32,
    /// The earliest time at which it is carried out.
    pub not_before: Timestamp,
    /// Why it was put off or given up: a stable code.
    pub reason: Option<String>,
    /// What became of it.
    pub state: IntentState,
}

/// The state of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentState {
    /// It waits.
    Waiting,
    /// A run reported on it: this one, which may have carried several.
    Carried(String),
    /// It was given up.
    GivenUp,
}

/// The columns of an intent, in the order in which they are read.
pub(super) const COLUMNS: &str = "id, run_id, repository, branch, git_dir, work_tree, directory, surface, pipeline, task, \
                       platform, created_at, attempts, carried_by, settled_at IS NOT NULL, steps, reason, not_before";

impl Intent {
    /// Reads a row of [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let optional = |column: usize| -> rusqlite::Result<Option<PathBuf>> {
            let kept: Option<Vec<u8>> = row.get(column)?;
            Ok(kept.map(|kept| path(&kept)))
        };
        let carried_by: Option<String> = row.get(13)?;
        let is_settled: bool = row.get(14)?;
        let steps: String = row.get(15)?;
        Ok(Self {
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
                steps: steps.lines().map(str::to_owned).collect(),
                task: row.get(9)?,
                platform: row.get(10)?,
            },
            created_at: timestamp(row.get(11)?),
            attempts: row.get(12)?,
            state: match carried_by {
                Some(by) => IntentState::Carried(by),
                None if is_settled => IntentState::GivenUp,
                None => IntentState::Waiting,
            },
            reason: row.get(16)?,
            not_before: timestamp(row.get(17)?),
        })
    }
}

#[cfg(test)]
impl NewIntent {
    /// Returns one for a unit test: work on the branch `feature/x` of the repository `/r/.git`.
    pub(crate) fn of_test(run_id: &str, task: Option<&str>) -> Self {
        Self {
            run_id: run_id.into(),
            slot: Slot {
                repository: "/r/.git".into(),
                branch: "feature/x".into(),
            },
            place: Place {
                git_dir: None,
                work_tree: None,
                directory: "/r".into(),
            },
            surface: "executor".into(),
            pipeline: "post-task".into(),
            steps: Vec::new(),
            task: task.map(Into::into),
            platform: String::new(),
        }
    }
}
