//! Connects the parts of one run: environment, repository and policy, opened and checked; then the pipeline.

mod base;
mod bases;
mod branch_turn;
mod caps;
mod conclude;
mod connect;
mod deliver;
mod environment_notes;
mod forge_connector;
mod forge_tokens;
mod guard_list;
mod guard_rules;
mod guards;
mod held_secrets;
mod history;
mod identity;
mod inspection;
mod keep;
mod keeper;
mod known_remotes;
mod load;
mod logins;
mod look;
mod open;
mod plan;
mod plan_again;
mod plan_step;
mod planned;
mod platform_client;
mod policy_base;
mod policy_copies;
mod policy_question;
mod policy_review;
mod probe;
mod range;
mod redirect_guard;
mod remote_guards;
mod remote_records;
mod request;
mod run;
mod runtime;
mod service;
mod signals;
mod standing;
mod target;
mod trust_review;
mod trusted;
mod uncommitted;
mod undo;
mod undo_record;
mod watch;
mod why;
mod why_document;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::git::Repo;
use crate::git::credentials::{Answers, Asked};
use crate::names::{BranchName, RunId};
use crate::net::Network;
use crate::pipeline::{Hold, Pipeline, PolicyBase, Receipts, TaskDocument, TaskKept, TextStep};
use crate::platform::Platform;
use crate::policy::{Loaded, PolicyError, PolicyProblem, Trigger};
use crate::process::Inheritance;
use crate::reason::Reason;
use crate::secrets::KnownSecrets;
use crate::steps::STEPS;
use crate::store::LazyStore;

use self::guards::Inspection;
use self::remote_records::RemoteRecords;

pub use self::caps::store_of;
pub use self::deliver::deliver_waiting;
pub use self::held_secrets::tell_secrets;
pub use self::keep::{Ended, WAIT_FOR_POLICY, keep_late, set_aside};
pub use self::keeper::is_deferred;
pub use self::load::{preset_for_repository, repository_policy};
pub use self::look::{Look, Outlook};
pub use self::plan::Plan;
pub use self::plan_step::PlanStep;
pub use self::policy_base::AskRemote;
pub use self::policy_review::{Mistake, PolicyCheck, PolicyReview, check_file, review};
pub use self::probe::{ForgeAnswer, ProbeTarget, RemoteAnswer};
pub use self::request::{BranchTurn, NamedRepository, Request};
pub use self::runtime::runtime;
pub use self::service::Service;
pub use self::standing::{ShipTimes, Standing, repository_names, ship_times, standing};
pub use self::trust_review::{ConfigReview, KeyState, ReviewedKey, TrustRecord, TrustReview};
pub use self::undo_record::{Undo, UndoError};
pub use self::watch::Watch;
pub use self::why_document::{Decision, LastRun, Why, WhyGuard, WhyOutcome, WhySetting, WhyStep};

/// Everything that a run needs, opened and checked.
#[derive(Debug)]
pub struct Session {
    environment: Environment,
    /// What the programs inherit that git would start here.
    inheritance: Inheritance,
    clock: Clock,
    trigger: Trigger,
    watch: Arc<Watch>,
    known: KnownSecrets,
    /// Where the proxy and TLS settings of forge and platform come from.
    network: Arc<dyn Network>,
    task: TaskDocument,
    task_kept: TaskKept,
    branch: Option<BranchName>,
    branch_turn: BranchTurn,
    makes_up_for: Option<RunId>,
    /// The repository that the session was asked for.
    place: load::RepositoryChoice,
    repo: Result<Option<Repo>, Hold>,
    loaded: Loaded,
    /// The loaded policy without the copy of the policy base, where that is part of it.
    without_base: Option<Loaded>,
    /// The settings of the command line, where one step was planned alone.
    single: Option<Vec<String>>,
    /// The copy of the policy base that is part of the loaded policy.
    policy_base: PolicyBase,
    /// The guards' result, until it is used.
    first_look: Mutex<Option<Inspection>>,
    notes: Vec<Reason>,
    receipts: Receipts,
    store: LazyStore,
    /// The run to undo, in place of a shipment.
    undo: Option<Undo>,
    /// What credential helpers answered in this run.
    answers: Answers,
    /// What a person answered in this run, on the terminal or through the askpass program.
    asked: Asked,
}

impl Session {
    /// Plans a pipeline by name.
    pub fn pipeline(&self, name: &str) -> Result<Pipeline, PolicyError> {
        let planned = Pipeline::plan(&self.loaded.policy, name, STEPS)?;
        Ok(if self.loaded.fail_closed {
            planned.fail_closed()
        } else {
            planned
        })
    }

    /// Plans one step alone, with settings of its own.
    pub fn single_step(&self, name: &str, with: &[String]) -> Result<Pipeline, PolicyError> {
        let planned = Pipeline::single(&self.loaded.policy, name, with, STEPS)?;
        Ok(if self.loaded.fail_closed {
            planned.fail_closed()
        } else {
            planned
        })
    }

    /// Reads a text step alone, with settings of its own; `None` when the step is of another kind.
    pub fn text_step(
        &self,
        name: &str,
        with: &[String],
    ) -> Result<Option<Box<dyn TextStep>>, PolicyError> {
        Pipeline::text_step(&self.loaded.policy, name, with, STEPS)
    }

    /// Says whether the policy of the system or the user is broken, so that it may lack steps.
    pub const fn fails_closed(&self) -> bool {
        self.loaded.fail_closed
    }

    /// Returns what is wrong with the policy of the system or the user, where something is.
    pub fn policy_problem(&self) -> Option<String> {
        let is_ours = |problem: &&PolicyProblem| !problem.origin.is_of_repository();
        let problem = self.loaded.problems.iter().find(is_ours)?;
        let (origin, error) = (problem.origin, problem.error.one_line());
        Some(format!("the {origin} policy is left out: {error}"))
    }

    /// Sets the caller's task document, where it is read after the policy.
    #[must_use]
    pub fn with_task(mut self, task: TaskDocument) -> Self {
        self.task = task;
        self
    }

    /// Adds notes to the report, such as one on a task document that could not be read.
    #[must_use]
    pub fn with_notes(mut self, notes: impl IntoIterator<Item = Reason>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Returns how long a task document is waited for: half of the time, so that the branch still ships without it.
    pub fn patience_with_input(&self) -> Duration {
        self.watch.deadline.remaining() / 2
    }

    /// Ends the watch of a session that runs no pipeline: it may take as long as its input.
    #[must_use]
    pub fn unwatched(self) -> Self {
        // There may have been none.
        let _none = self.watch.end();
        self
    }

    /// Returns the actions to run when the report is printed.
    pub const fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// Returns the store, which is opened at the first write.
    pub const fn store(&self) -> &LazyStore {
        &self.store
    }

    /// Says whether a person started the run, so that progress can be shown.
    pub const fn is_terminal(&self) -> bool {
        self.environment.is_terminal()
    }

    /// Returns what a run would do. Writes nothing and sends no request.
    pub fn plan(&self, pipeline: &Pipeline) -> Plan {
        Plan::of(self, pipeline, &self.first_inspection())
    }

    /// Returns the repository, where there is one that can be opened.
    fn repo(&self) -> Option<&Repo> {
        self.repo.as_ref().ok().and_then(Option::as_ref)
    }

    /// Makes the platform's client, or says why there is none.
    fn platform(&self) -> Result<Platform, Hold> {
        let policy = &self.loaded.policy;
        platform_client::platform(&self.environment, policy, &self.known, self.network.clone())
    }

    /// Returns what is kept about remotes from one run to the next.
    fn remote_records(&self) -> RemoteRecords {
        RemoteRecords::below(self.environment.state_directory())
    }
}
