//! `Job`: the run of an intent, or of a pending branch.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::names::BranchName;
use crate::pipeline::{SharedProgress, TaskDocument, TaskKept};
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{
    AskRemote, BranchTurn, Ended, NamedRepository, Request, Session, Watch, keep_late,
};
use crate::store::{LazyStore, NewIntent, Pending, Place, Slot};

use super::away::Away;
use super::hand_over::trigger;

/// Ends the process when a run cannot be ended otherwise.
pub type Ending = fn(Exit) -> !;

/// The run to start: of an intent, or of a pending branch.
#[derive(Debug, Clone)]
pub(super) struct Job {
    slot: Slot,
    place: Place,
    surface: String,
    pipeline: String,
    task: Option<String>,
    run_id: Option<String>,
    /// The earlier run whose deferred work it does.
    makes_up_for: Option<String>,
    /// The only steps to run; all when there are none.
    steps: Vec<String>,
    /// Where else its task is kept.
    task_kept: TaskKept,
}

impl Job {
    /// Makes the run of an intent.
    pub(super) fn of_intent(intent: &NewIntent, task_kept: TaskKept) -> Self {
        Self {
            slot: intent.slot.clone(),
            place: still_there(&intent.slot, intent.place.clone()),
            surface: intent.surface.clone(),
            pipeline: intent.pipeline.clone(),
            task: intent.task.clone(),
            // A run for deferred steps has an id of its own in the history.
            run_id: intent.steps.is_empty().then(|| intent.run_id.clone()),
            makes_up_for: Some(intent.run_id.clone()),
            steps: intent.steps.clone(),
            task_kept,
        }
    }

    /// Returns the run that it becomes, unless that has an id of its own.
    #[cfg(test)]
    pub(super) fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// Returns where its work lies.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Returns what is to be done where the run did not find its repository.
    pub(super) fn away<'a>(&'a self, report: &'a Report) -> Away<'a> {
        Away {
            slot: &self.slot,
            place: &self.place,
            surface: &self.surface,
            report,
        }
    }

    /// Makes the run that tries a pending branch again.
    pub(super) fn of_pending(pending: &Pending) -> Self {
        let what = &pending.what;
        let work_tree = what.work_tree.clone();
        let place = Place {
            git_dir: Some(what.git_dir.clone()),
            directory: work_tree.clone().unwrap_or_else(|| PathBuf::from("/")),
            work_tree,
        };
        Self {
            slot: what.slot.clone(),
            place: still_there(&what.slot, place),
            surface: what.surface.clone(),
            pipeline: what.pipeline.clone(),
            task: None,
            run_id: None,
            makes_up_for: None,
            steps: what.steps.clone(),
            task_kept: TaskKept::Nowhere,
        }
    }

    /// Runs it with the current policy, remote and branch. When its deadline passes and it cannot be ended otherwise,
    /// its report so far is kept and `end` ends the process.
    pub(super) fn run(
        &self,
        store: &LazyStore,
        environment: &Environment,
        known: &KnownSecrets,
        end: Ending,
    ) -> Option<Ended> {
        let environment = environment.clone().at(self.place.directory.clone());
        let request = self.request(store, known);
        let (late, slot) = (store.clone(), self.slot.clone());
        let watch = Watch::start(&request, &self.pipeline, move |report| {
            keep_late(&report, &slot, &late);
            end(Exit::Failed)
        });
        let session = match Session::open(request, environment, watch) {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(error = %error.one_line(), "the policy cannot be used");
                return None;
            }
        };
        let planned = session.planned_at_policy_base(&self.pipeline, AskRemote::Yes);
        match planned {
            Ok((session, pipeline)) => {
                let pipeline = if self.steps.is_empty() {
                    pipeline
                } else {
                    pipeline.only(&self.steps)
                };
                Some(session.run_kept(&pipeline, &SharedProgress::default()))
            }
            Err(error) => {
                tracing::error!(error = %error.one_line(), "the pipeline cannot be planned");
                None
            }
        }
    }

    fn request(&self, store: &LazyStore, known: &KnownSecrets) -> Request {
        let task: Option<TaskDocument> = self
            .task
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let repository = self.place.git_dir.clone().map(|git_dir| NamedRepository {
            git_dir,
            work_tree: self.place.work_tree.clone(),
        });
        Request {
            directory: Some(self.place.directory.clone()),
            repository,
            branch: BranchName::new(self.slot.branch.as_str()).ok(),
            trigger: trigger(&self.surface),
            task: task.unwrap_or_default(),
            run_id: self.run_id.as_deref().and_then(|id| id.parse().ok()),
            makes_up_for: self.makes_up_for.as_deref().and_then(|id| id.parse().ok()),
            branch_turn: BranchTurn::Held,
            known: known.clone(),
            store: Some(store.clone()),
            task_kept: self.task_kept,
            ..Request::default()
        }
    }
}

/// Returns the place of a branch's work; where its linked work tree was removed, the repository that has the branch.
fn still_there(slot: &Slot, place: Place) -> Place {
    let is_gone = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| !path.exists());
    let is_linked = place
        .git_dir
        .as_ref()
        .is_some_and(|git_dir| *git_dir != slot.repository);
    let is_gone = is_gone(&place.git_dir) || is_gone(&place.work_tree);
    if slot.branch.is_empty() || !is_linked || !is_gone {
        return place;
    }
    let repository = &slot.repository;
    let has_work_tree = repository.file_name().is_some_and(|name| name == ".git");
    let work_tree = repository.parent().filter(|_| has_work_tree);
    Place {
        git_dir: Some(repository.clone()),
        work_tree: work_tree.map(Path::to_owned),
        directory: work_tree.unwrap_or(repository).to_owned(),
    }
}
