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
    /// The run that this one makes up for: its messages keep their names.
    pub makes_up_for: Option<RunId>,
    /// Whether this process has the turn at the branch already.
    pub branch_turn: BranchTurn,
    /// Who asks.
    pub trigger: Trigger,
    /// A policy file above the others.
    pub policy_file: Option<PathBuf>,
    /// Single keys above that, `KEY=VALUE`.
    pub sets: Vec<String>,
    /// What the caller tells about its task.
    pub task: TaskDocument,
    /// What the report is to tell besides, such as a task document that could not be read.
    pub notes: Vec<Reason>,
    /// What the process came to hold and must not show.
    pub known: KnownSecrets,
    /// What is to be settled when the report has reached its reader.
    pub receipts: Receipts,
    /// The store, where the process has opened one already.
    pub store: Option<LazyStore>,
    /// Where the task is kept besides.
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
