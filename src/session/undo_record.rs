//! `Undo`: what a run recorded as pushed and opened.

use std::sync::Arc;

use crate::git::Repo;
use crate::names::BranchName;
use crate::reason::{Code, Reason};
use crate::report::Report;
use crate::store::{PushedRow, RunRow, Slot, Store, StoreError};

use super::Session;

/// The name that an undo has in the history.
pub(super) const PIPELINE: &str = "undo";

/// What is to be taken back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The run.
    pub run_id: String,
    pub(super) slot: Slot,
    /// The branch that it moved.
    pub branch: BranchName,
    /// One for each push URL.
    pub(super) pushes: Vec<PushedRow>,
    /// The pull request that was opened: number and page.
    pub(super) pull_request: Option<(u64, String)>,
}

/// Why there is nothing that could be taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is no repository.
    #[error("{}", .0.message)]
    NoRepository(Reason),
    /// No run of this branch is kept.
    #[error("no run that pushed `{0}` from here is kept; `sendoff history` lists those that are")]
    NoRun(String),
    /// HEAD names no branch, and no run was named.
    #[error("HEAD names no branch: name the run, as `sendoff history` lists it")]
    NoBranch,
    /// No run has the id.
    #[error("no run that was kept has an id that begins with `{0}`; `sendoff history` lists them")]
    Unknown(String),
    /// Several runs have it.
    #[error("more than one run has an id that begins with `{0}`: give more of it")]
    Several(String),
    /// The run was about another repository.
    #[error("the run was in {0}: name its work tree with -C")]
    Elsewhere(String),
    /// The run pushed and opened nothing.
    #[error("the run {0} pushed nothing and opened no pull request")]
    Nothing(String),
    /// It is an undo itself.
    #[error("the run {0} is an undo: to ship the branch again, run `sendoff run`")]
    IsUndo(String),
    /// The record cannot be read.
    #[error("the record cannot be read: {0}")]
    Store(Arc<StoreError>),
}

impl From<StoreError> for UndoError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl Session {
    /// Finds what a run recorded as pushed and opened: the named run, else the last one that pushed the branch of
    /// HEAD.
    pub fn find_undo(&self, named: Option<&str>) -> Result<Undo, UndoError> {
        let repo = match &self.repo {
            Ok(Some(repo)) => repo,
            Ok(None) => {
                let message = "there is no git repository here: name one with -C";
                return Err(UndoError::NoRepository(Reason::new(
                    Code::NotARepository,
                    message,
                )));
            }
            Err(hold) => return Err(UndoError::NoRepository(hold.reason.clone())),
        };
        let row = self.recorded_run(repo, named)?;
        let id = row.report.run_id.clone();
        if row.slot.repository != repo.common_dir() {
            let there = row.slot.repository.display().to_string();
            return Err(UndoError::Elsewhere(there));
        }
        if row.report.pipeline == PIPELINE {
            return Err(UndoError::IsUndo(id));
        }
        let store = self.record()?;
        let pushes = store.pushed_by(&id, &row.slot)?;
        // A pull request that was not opened at once belongs to a later run, which pushed nothing.
        let later = store.runs_since(&row.slot, &id)?;
        let opened = later
            .iter()
            .take_while(|run| run.report.run_id == id || !pushed_something(&run.report))
            .find_map(|run| opened(&run.report));
        let branch = BranchName::new(row.slot.branch.as_str());
        match branch {
            Ok(branch) if !pushes.is_empty() || opened.is_some() => Ok(Undo {
                run_id: id,
                slot: row.slot,
                branch,
                pushes,
                pull_request: opened,
            }),
            _ => Err(UndoError::Nothing(id)),
        }
    }

    fn recorded_run(&self, repo: &Repo, named: Option<&str>) -> Result<RunRow, UndoError> {
        let id = if let Some(named) = named {
            named.to_owned()
        } else {
            let head = repo.head().ok();
            let branch = head.as_ref().and_then(|head| head.branch());
            let branch = branch.ok_or(UndoError::NoBranch)?;
            let slot = Slot {
                repository: repo.common_dir().to_owned(),
                branch: branch.to_string(),
            };
            let last = match self.store().try_existing().map_err(UndoError::Store)? {
                Some(store) => store.last_pusher(&slot)?,
                None => None,
            };
            last.ok_or_else(|| UndoError::NoRun(branch.to_string()))?
        };
        let rows = match self.store().try_existing().map_err(UndoError::Store)? {
            Some(store) if !id.is_empty() => store.run(&id)?,
            _ => Vec::new(),
        };
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (None, _) => Err(UndoError::Unknown(id)),
            (Some(row), None) => Ok(row),
            (Some(row), Some(_)) if row.report.run_id == id => Ok(row),
            (Some(_), Some(_)) => Err(UndoError::Several(id)),
        }
    }

    fn record(&self) -> Result<&Store, UndoError> {
        let store = self.store().try_existing().map_err(UndoError::Store)?;
        store.ok_or(UndoError::Store(Arc::new(StoreError::NoDirectory)))
    }
}

/// Says whether a run moved a branch on a remote.
fn pushed_something(report: &Report) -> bool {
    let mut steps = report.steps.iter();
    steps.any(|step| {
        let action = step.outputs.get("action").and_then(|value| value.as_str());
        step.kind == "push" && matches!(action, Some("created" | "updated"))
    })
}

/// Returns the pull request that a run opened.
fn opened(report: &Report) -> Option<(u64, String)> {
    let step = report.steps.iter().find(|step| step.kind == "pr-create")?;
    let text = |key: &str| step.outputs.get(key)?.as_str();
    let number = step.outputs.get("number")?.as_u64()?;
    (text("action")? == "created").then_some((number, text("url")?.to_owned()))
}
