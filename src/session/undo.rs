//! `Undo`: what a run that was recorded pushed and opened, to be taken back.

use std::sync::Arc;

use gix::ObjectId;

use crate::git::{Remote, Repo};
use crate::names::{BranchName, RepositoryName};
use crate::pipeline::{
    BaseRepository, Destination, Hold, Pipeline, RepoFacts, SharedProgress, Shipment, Step, Target,
};
use crate::policy::RewindPermit;
use crate::reason::{Code, Reason};
use crate::report::{Report, Verdict};
use crate::steps::{CLOSE, ClosePullRequest, TAKE_BACK, TakeBack};
use crate::store::{PushedRow, RunRow, Slot, Store, StoreError};

use super::guards::Inspection;
use super::{Session, connect, guards};

/// The name that an undo has in the history.
const PIPELINE: &str = "undo";

/// What is to be taken back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The run.
    pub run_id: String,
    slot: Slot,
    branch: BranchName,
    /// One for each push URL.
    pushes: Vec<PushedRow>,
    /// The pull request that was opened: number and page.
    pull_request: Option<(u64, String)>,
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
    /// The run did nothing that leaves.
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
    /// Finds what a run is recorded to have pushed and opened: the run that is named, else the last one that pushed
    /// the branch that HEAD is on.
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
        // A pull request that was not opened at once is a later run's, which pushed nothing.
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

    /// Takes it back. Never fails: what is refused is part of the report.
    pub fn undo(mut self, undo: Undo, progress: &SharedProgress) -> Report {
        let policy = &self.loaded.policy;
        let permits = undo.pushes.iter().filter_map(|row| {
            let permit = policy.permit_push(&undo.branch).ok()?;
            let before = match &row.old {
                Some(old) => Some(ObjectId::from_hex(old.as_bytes()).ok()?),
                None => None,
            };
            let pushed = ObjectId::from_hex(row.new.as_bytes()).ok()?;
            Some(RewindPermit::of_record(permit, pushed, before))
        });
        let mut steps: Vec<(&'static str, Box<dyn Step>)> = Vec::new();
        if !undo.pushes.is_empty() {
            let permits = permits.collect();
            steps.push((TAKE_BACK, Box::new(TakeBack { permits })));
        }
        if let Some((number, url)) = undo.pull_request.clone() {
            steps.push((CLOSE, Box::new(ClosePullRequest { number, url })));
        }
        let mut pipeline = Pipeline::of_steps(PIPELINE, steps);
        if self.loaded.fail_closed {
            pipeline = pipeline.fail_closed();
        }
        let slot = undo.slot.clone();
        self.undo = Some(undo);
        let report = self.run(&pipeline, progress);
        // What was to be tried again is taken back, too.
        if report.verdict == Verdict::Done
            && let Some(store) = self.store().existing()
            && let Err(error) = store.settle_pending(&slot)
        {
            tracing::debug!(%error, "the branch is kept for another try");
        }
        report
    }

    /// Says what taking it back would do, a line each, or why it is not done.
    pub fn plan_undo(&self, undo: &Undo) -> Vec<String> {
        if let Err(hold) = self.inspect_for_undo(undo).shipment {
            return vec![hold.reason.to_string()];
        }
        let branch = &undo.branch;
        let pushes = undo.pushes.iter().map(|row| {
            let short = |id: &str| id.get(..8).unwrap_or(id).to_owned();
            let (remote, new) = (&row.remote, short(&row.new));
            match &row.old {
                Some(old) => format!(
                    "move {branch} at {remote} back to {}, where it is at {new} still",
                    short(old)
                ),
                None => format!("delete {branch} at {remote}, where it is at {new} still"),
            }
        });
        let close = undo.pull_request.iter();
        let close = close.map(|(_, url)| format!("close the pull request {url}"));
        pushes.chain(close).collect()
    }

    /// Looks at what is to be taken back, as a run looks at what is to be shipped.
    pub(super) fn inspect_for_undo(&self, undo: &Undo) -> Inspection {
        let mut facts = RepoFacts {
            branch: Some(undo.branch.to_string()),
            ..RepoFacts::default()
        };
        let shipment = match self.repo() {
            Some(repo) => {
                let top = repo.work_tree().unwrap_or(repo.git_dir());
                facts.path = top.display().to_string();
                self.undo_shipment(repo, undo, &mut facts)
            }
            None => Err(Hold::new(
                Code::NotARepository,
                "there is no git repository here",
            )),
        };
        Inspection {
            facts: Some(facts),
            shipment,
            notes: Vec::new(),
        }
    }

    fn undo_shipment(
        &self,
        repo: &Repo,
        undo: &Undo,
        facts: &mut RepoFacts,
    ) -> Result<Shipment, Hold> {
        let policy = &self.loaded.policy;
        let branch = &undo.branch;
        let permit = policy.permit_push(branch).map_err(|protected| {
            Hold::new(Code::ProtectedBranch, protected.to_string())
                .advise("a protected branch is taken back by hand, by somebody who may")
        })?;
        let remote = guards::remote(repo, policy, branch, facts)?;
        let mut places = undo.pushes.iter().map(|row| at(&remote, &row.remote));
        let first = places.next().unwrap_or_else(|| Ok(remote.clone()))?;
        let also = places.collect::<Result<Vec<_>, _>>()?;
        let destination = |remote: Remote| Destination {
            push_options: connect::push_options(self, &remote),
            remote,
        };
        let head = undo.pushes.first();
        let head = head.and_then(|row| ObjectId::from_hex(row.new.as_bytes()).ok());
        Ok(Shipment {
            target: Ok(undo_target(undo, &first)),
            repository: guards::repository(&first),
            push_options: connect::push_options(self, &first),
            also: also.into_iter().map(destination).collect(),
            branch: branch.clone(),
            head: head.unwrap_or_else(|| ObjectId::null(gix::hash::Kind::Sha1)),
            remote: first,
            base: None,
            commits: Vec::new(),
            counted_from: None,
            permit,
            // The remote has had what it is put back to.
            promisors: Vec::new(),
        })
    }
}

/// Returns the repository that the pull request of a run was opened in, as its page names it.
fn undo_target(undo: &Undo, remote: &Remote) -> Target {
    let pushed = guards::repository(remote);
    let page = undo.pull_request.as_ref().map(|(_, page)| page);
    let named = page.and_then(|page| {
        let page = reqwest::Url::parse(page).ok()?;
        let mut parts = page.path_segments()?.rev();
        let (_number, _pull) = (parts.next()?, parts.next()?);
        let (name, owner) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(RepositoryName { owner, name })
    });
    match named.filter(|named| !named.is_same(&pushed)) {
        Some(name) => Target::Base(Box::new(BaseRepository {
            name,
            remote: remote.clone(),
        })),
        None => Target::Pushed { upstream: None },
    }
}

/// Returns the remote at the URL that was pushed to, as it is configured: the record holds no login.
fn at(remote: &Remote, recorded: &str) -> Result<Remote, Hold> {
    let mut urls = std::iter::once(&remote.url).chain(&remote.other_push_urls);
    let url = urls.find(|url| url.without_login() == recorded);
    url.map(|url| remote.at(url)).ok_or_else(|| {
        let sentence = format!(
            "the run pushed to {recorded}, and {} is {} now",
            remote.name,
            remote.url.without_login()
        );
        Hold::broken(Reason::new(Code::RemoteUrl, sentence)).advise(format!(
            "point the remote there for a moment: git remote set-url {} {recorded}",
            remote.name
        ))
    })
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
