//! `Request`: the parameters of a session.

use std::path::PathBuf;

use crate::names::{BranchName, RunId};
use crate::pipeline::{Receipts, TaskDocument, TaskKept};
use crate::policy::Trigger;
use crate::reason::Reason;
use crate::secrets::KnownSecrets;
use crate::store::LazyStore;

/// The parameters of a session.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The directory to work in, instead of the current one.
    pub directory: Option<PathBuf>,
    /// The repository that git named to its hook, instead of the directory's.
    pub repository: Option<NamedRepository>,
    /// The branch to ship, if HEAD can be on another one by now.
    pub branch: Option<BranchName>,
    /// The run's id, if it was assigned before.
    pub run_id: Option<RunId>,
    /// The earlier run whose deferred work this one does. Its messages keep their keys.
    pub makes_up_for: Option<RunId>,
    /// Whether the caller holds the lock of the branch already.
    pub branch_turn: BranchTurn,
    /// What started the run.
    pub trigger: Trigger,
    /// A policy file above the others.
    pub policy_file: Option<PathBuf>,
    /// Single keys above that, `KEY=VALUE`.
    pub sets: Vec<String>,
    /// The caller's task document.
    pub task: TaskDocument,
    /// Further notes for the report, such as one on a task document that could not be read.
    pub notes: Vec<Reason>,
    /// The secrets that the process holds and must not show.
    pub known: KnownSecrets,
    /// The actions to run when the report is printed.
    pub receipts: Receipts,
    /// The store, where the process has opened one already.
    pub store: Option<LazyStore>,
    /// Whether the task is stored outside the run.
    pub task_kept: TaskKept,
}

/// Who takes the lock of the branch, which one process at a time ships.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BranchTurn {
    /// The run does, before it ships.
    #[default]
    Take,
    /// The caller has it.
    Held,
}

/// A repository as git names it to its hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRepository {
    /// `GIT_DIR`.
    pub git_dir: PathBuf,
    /// The top of the work tree.
    pub work_tree: Option<PathBuf>,
}
