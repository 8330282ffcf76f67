//! One run, wired up: environment, repository and policy, opened and checked; then the pipeline.

mod base;
mod branch_turn;
mod caps;
mod connect;
mod deliver;
mod forge_tokens;
mod forge_way;
mod guard_list;
mod guard_rules;
mod guards;
mod identity;
mod keep;
mod keeper;
mod load;
mod logins;
mod look;
mod plan;
mod planned;
mod platform_client;
mod policy_base;
mod policy_copies;
mod policy_review;
mod probe;
mod range;
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

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::environment::Environment;
use crate::git::credentials::{Answers, Asked};
use crate::git::push::PushOptions;
use crate::git::{LocalConfigTrust, Remote, Repo};
use crate::names::{BranchName, RunId};
use crate::net::Network;
use crate::pipeline::{Hold, Pipeline, PolicyBase, Receipts, TaskDocument, TaskKept, TextStep};
use crate::platform::Platform;
use crate::policy::{Loaded, PolicyError, PolicyProblem, Trigger};
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;
use crate::steps::STEPS;
use crate::store::LazyStore;

use self::caps::kept_by;
use self::guards::Inspection;
use self::remote_records::RemoteRecords;
use self::target::TargetRule;

pub use self::caps::store_of;
pub use self::deliver::deliver_waiting;
pub use self::keep::{Ended, WAIT_FOR_POLICY, keep_late};
pub use self::keeper::is_deferred;
pub use self::load::{preset_for_repository, repository_policy};
pub use self::look::{Look, Outlook};
pub use self::plan::{Plan, PlanStep};
pub use self::policy_base::AskRemote;
pub use self::policy_review::{Mistake, PolicyCheck, PolicyReview, check_file, review};
pub use self::probe::{ForgeAnswer, ProbeTarget, RemoteAnswer};
pub use self::request::{BranchTurn, NamedRepository, Request};
pub use self::runtime::runtime;
pub use self::service::Service;
pub use self::standing::{ShipTimes, Standing, ship_times, standing};
pub use self::trust_review::{ConfigReview, KeyState, ReviewedKey, TrustRecord, TrustReview};
pub use self::undo_record::{Undo, UndoError};
pub use self::watch::Watch;
pub use self::why_document::{Decision, LastRun, Why, WhyGuard, WhyOutcome, WhySetting, WhyStep};

/// Everything that a run needs, opened and checked.
#[derive(Debug)]
pub struct Session {
    environment: Environment,
    clock: Clock,
    trigger: Trigger,
    watch: Watch,
    known: KnownSecrets,
    /// Where the proxy and TLS settings of forge and platform come from.
    network: Arc<dyn Network>,
    task: TaskDocument,
    task_kept: TaskKept,
    branch: Option<BranchName>,
    branch_turn: BranchTurn,
    makes_up_for: Option<RunId>,
    /// What the session is about.
    place: load::RepositoryChoice,
    repo: Result<Option<Repo>, Hold>,
    loaded: Loaded,
    /// The copy of the repository's policy that is part of it.
    policy_base: PolicyBase,
    /// What the guards found, until somebody uses it.
    first_look: Mutex<Option<Inspection>>,
    notes: Vec<Reason>,
    receipts: Receipts,
    store: LazyStore,
    /// What is taken back instead of shipped.
    undo: Option<Undo>,
    /// What credential helpers answered in this run.
    answers: Answers,
    /// What a person or their program answered in this run.
    asked: Asked,
}

impl Session {
    /// Opens the repository and loads the policy. Only an error in what the command line names ends
    /// it here; a bad file elsewhere is reported, and holds back what it might have forbidden.
    ///
    /// `watch` covers it all: the policy outside of the repository is read first, for its deadline.
    pub fn open(
        request: Request,
        environment: Environment,
        watch: Watch,
    ) -> Result<Self, Box<PolicyError>> {
        environment
            .tokens()
            .for_each(|token| request.known.add(&token));
        let (loaded, environment) = load::outside(&request, environment)?;
        let place = load::RepositoryChoice::of(&request, &environment);
        watch.limit(loaded.policy.limits().deadline.duration());
        let mut repo = load::discover(&place, &environment, LocalConfigTrust::Ignore);
        let found = repo.as_ref().ok().and_then(Option::as_ref);
        let loaded = load::inside(loaded, found, &environment)?;
        if loaded.policy.git().local_config == crate::policy::LocalConfig::Trust {
            repo = load::discover(&place, &environment, LocalConfigTrust::Trust);
        } else if let Some(found) = found
            && let Some(trusted) = trusted::with_trusted_config(found, &environment, |trust| {
                load::discover(&place, &environment, trust).ok().flatten()
            })
        {
            repo = Ok(Some(trusted));
        }
        let found = repo.as_ref().ok().and_then(Option::as_ref);
        let mut notes = request.notes;
        notes.extend(load::notes(&loaded, found));
        notes.extend(load::unheard(&environment));
        notes.extend(load::unreadable(&environment));
        let found = repo.as_ref().ok().and_then(Option::as_ref);
        let answers = Answers::default();
        let network = connect::network(
            &environment,
            &loaded.policy,
            &request.known,
            found,
            &answers,
            Some(request.trigger),
        );
        let network: Arc<dyn Network> = Arc::new(network);
        match platform_client::platform(
            &environment,
            &loaded.policy,
            &request.known,
            network.clone(),
        ) {
            Ok(_) => notes.extend(platform_client::unbound_token(&loaded.policy)),
            Err(hold) if hold.reason.code == Code::NoPlatform => {}
            Err(hold) => notes.push(hold.reason),
        }
        let (trigger, task, branch) = (request.trigger, request.task, request.branch);
        let store = request
            .store
            .unwrap_or_else(|| kept_by(&loaded.policy, &environment));
        Ok(Self {
            store,
            undo: None,
            environment,
            clock: Clock::System,
            trigger,
            watch,
            known: request.known,
            network,
            task,
            task_kept: request.task_kept,
            branch,
            branch_turn: request.branch_turn,
            makes_up_for: request.makes_up_for,
            place,
            repo,
            loaded,
            policy_base: PolicyBase::default(),
            first_look: Mutex::default(),
            notes,
            receipts: request.receipts,
            answers,
            asked: Asked::default(),
        })
    }

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

    /// Reads a text step alone, with settings of its own; nothing when the step is of another kind.
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

    /// Sets what the caller tells about its task, when it is read after the policy.
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

    /// Ends the watch of a session that runs no pipeline: it may take as long as its input.
    #[must_use]
    pub fn unwatched(self) -> Self {
        // There may have been none.
        let _none = self.watch.end();
        self
    }

    /// Returns what is to be settled when the report has reached its reader.
    pub const fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// Returns the store, which is opened when something has to be kept.
    pub const fn store(&self) -> &LazyStore {
        &self.store
    }

    /// Says whether a person watches, so that progress can be shown.
    pub const fn is_terminal(&self) -> bool {
        self.environment.is_terminal()
    }

    /// Says what a run would do. Writes nothing and asks no server.
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

    /// Keeps what the guards found, for who needs it next.
    fn keep_inspection(&self, inspection: Inspection) {
        let mut first = self
            .first_look
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *first = Some(inspection);
    }

    /// Looks at the repository, unless that was just done.
    fn first_inspection(&self) -> Inspection {
        let first = self.first_look.lock();
        let first = first.unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.inspect())
    }

    /// Looks at the repository: what would be shipped, or why nothing.
    fn inspect(&self) -> Inspection {
        if let Some(undo) = &self.undo {
            return self.inspect_for_undo(undo);
        }
        let repo = self.repo.as_ref().map(Option::as_ref);
        let options = |remote: &Remote| -> PushOptions { connect::push_options(self, remote) };
        let target = TargetRule {
            trigger: self.trigger,
            environment: &self.environment,
        };
        let inspection = guards::inspect(
            repo,
            &self.loaded.policy,
            &self.known,
            self.branch.as_ref(),
            &target,
            options,
        );
        let inspection = self.with_known_remotes(inspection);
        match self.repo() {
            Some(repo) => {
                guard_rules::apply(inspection, repo, &self.loaded.policy, &self.environment)
            }
            None => inspection,
        }
    }

    /// Holds what would go to a remote that is not known.
    fn with_known_remotes(&self, mut inspection: Inspection) -> Inspection {
        if let (Some(repo), Ok(shipment)) = (self.repo(), &inspection.shipment)
            && let Err(hold) = self.check_remotes(repo, shipment)
        {
            inspection.shipment = Err(hold);
        }
        inspection
    }
}
