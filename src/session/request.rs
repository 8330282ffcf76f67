//! `Request`: what a caller wants of a session.

use std::path::PathBuf;

use crate::names::{BranchName, RunId};
use crate::pipeline::{Receipts, TaskDocument, TaskKept};
use crate::policy::Trigger;
use crate::reason::Reason;
use crate::secrets::KnownSecrets;
use crate::store::LazyStore;

/// What a caller wants.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where to work, instead of the current directory.
    pub directory: Option<PathBuf>,
    /// The repository that git named to its hook, instead of the directory's.
    pub repository: Option<NamedRepository>,
    /// The branch to ship, when HEAD may have left it since.
    pub branch: Option<BranchName>,
    /// The run, when its id was given out before.
    pub run_id: Option<RunId>,
    /// The earlier run whose deferred work this one does: its messages keep their names.
    pub makes_up_for: Option<RunId>,
    /// Whether this process has the turn at the branch already.
    pub branch_turn: BranchTurn,
    /// Who asks.
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
    /// What is to be settled when the reader has the report.
    pub receipts: Receipts,
    /// The store, where the process has opened one already.
    pub store: Option<LazyStore>,
    /// Where else the task is kept.
    pub task_kept: TaskKept,
}

/// Who takes the turn at the branch, which one process at a time ships.
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
