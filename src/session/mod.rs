//! One run, wired up: environment, repository, policy, clients; then the pipeline.

mod connect;
mod guards;
mod load;
mod plan;
mod range;
mod remote_head;
mod remote_records;
mod signals;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};

use crate::clock::Clock;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::git::push::PushOptions;
use crate::git::{LocalConfig, Repo};
use crate::pipeline::{
    Context, Deadline, Draft, Facts, ForgeSource, Hold, OpenPullRequest, Pipeline, Receipts,
    RemoteHeadSource, RunFacts, SharedProgress, Shipment, TaskDocument, TextStep,
};
use crate::policy::{Loaded, PolicyError, Trigger};
use crate::process::kill_every_group;
use crate::report::{Note, Report};
use crate::secrets::KnownSecrets;
use crate::steps::STEPS;

use self::connect::ForgeWay;
use self::guards::Survey;
use self::remote_head::Question;
use self::remote_records::RemoteRecords;

pub use self::load::{PolicyReview, check_file, preset_for_repository, repository_policy, review};
pub use self::plan::{Plan, PlanStep};
pub use self::watch::Watch;

/// Returns the code of the note that says which signal ended the run.
const fn signal_code(signal: Exit) -> &'static str {
    match signal {
        Exit::HungUp => "sighup",
        Exit::Terminated => "sigterm",
        _ => "sigint",
    }
}

/// How long threads that outlive the run may take to end.
const LAST_CALL: Duration = Duration::from_millis(250);

/// What a caller wants.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where to work, instead of the current directory.
    pub directory: Option<PathBuf>,
    /// Who asks.
    pub trigger: Trigger,
    /// A policy file above the others.
    pub policy_file: Option<PathBuf>,
    /// Single keys above that, `KEY=VALUE`.
    pub sets: Vec<String>,
    /// What the caller tells about its task.
    pub task: TaskDocument,
    /// What the report is to tell besides, such as a task document that could not be read.
    pub notes: Vec<Note>,
    /// What the process came to hold and must not show.
    pub known: KnownSecrets,
    /// What is to be settled when the report has reached its reader.
    pub receipts: Receipts,
}

/// Everything that a run needs, opened and checked.
#[derive(Debug)]
pub struct Session {
    environment: Environment,
    clock: Clock,
    trigger: Trigger,
    watch: Watch,
    known: KnownSecrets,
    task: TaskDocument,
    repo: Result<Option<Repo>, Hold>,
    loaded: Loaded,
    notes: Vec<Note>,
    receipts: Receipts,
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
        let directory = load::directory(request.directory.as_deref(), &environment);
        let loaded = load::outside(&request, &environment)?;
        watch.limit(loaded.policy.limits().deadline.duration());
        let mut repo = load::discover(&directory, &environment, LocalConfig::Ignore);
        let found = repo.as_ref().ok().and_then(Option::as_ref);
        let loaded = load::inside(loaded, found)?;
        watch.limit(loaded.policy.limits().deadline.duration());
        let mut notes = request.notes;
        notes.extend(load::notes(&loaded, found));
        if loaded.policy.git().local_config == crate::policy::LocalConfig::Trust {
            repo = load::discover(&directory, &environment, LocalConfig::Trust);
        }
        if let Err(hold) = connect::platform(&environment, &loaded.policy, &request.known)
            && hold.reason != connect::NO_PLATFORM
        {
            notes.push(Note {
                code: hold.reason.into(),
                message: hold.sentence,
                advice: hold.advice,
            });
        }
        let (trigger, task) = (request.trigger, request.task);
        Ok(Self {
            environment,
            clock: Clock::System,
            trigger,
            watch,
            known: request.known,
            task,
            repo,
            loaded,
            notes,
            receipts: request.receipts,
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

    /// Sets what the caller tells about its task, when it is read after the policy.
    #[must_use]
    pub fn with_task(mut self, task: TaskDocument) -> Self {
        self.task = task;
        self
    }

    /// Adds a note to the report, such as one on a task document that could not be read.
    #[must_use]
    pub fn with_note(mut self, note: Note) -> Self {
        self.notes.push(note);
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

    /// Says whether a person watches, so that progress can be shown.
    pub const fn is_terminal(&self) -> bool {
        self.environment.is_terminal()
    }

    /// Says what a run would do. Writes nothing and asks no server.
    pub fn plan(&self, pipeline: &Pipeline) -> Plan {
        Plan::of(self, pipeline, &self.survey())
    }

    /// Runs a pipeline. Never fails: what went wrong is part of the report.
    ///
    /// SIGINT, SIGTERM and SIGHUP end it in order within a second, with the report so far. When the
    /// deadline passes and the run does not end by itself, the watch that the session was opened
    /// with has the report so far.
    pub fn run(&self, pipeline: &Pipeline, progress: &SharedProgress) -> Report {
        let report = self.run_watched(pipeline, progress);
        self.end_watch();
        report
    }

    /// From here on the report is the run's to tell.
    fn end_watch(&self) {
        if let Err(error) = self.watch.end() {
            // The machine refused the thread; the run was covered by its own timers.
            tracing::debug!(%error, "there was no watchdog");
        }
    }

    fn run_watched(&self, pipeline: &Pipeline, progress: &SharedProgress) -> Report {
        let (deadline, draft) = (&self.watch.deadline, &self.watch.draft);
        draft.describe(pipeline.name(), None, &self.notes);
        let survey = self.survey();
        draft.describe(pipeline.name(), survey.report(), &self.notes);
        if self.has_nobody_to_ask(&survey) && !pipeline.waits() {
            // Nothing to wait for: no runtime is paid for.
            // A twin: what is tried here and has to wait begins again below.
            let twin = draft.twin();
            let run = self.run_on(pipeline, &survey, deadline, &twin, progress);
            if let Some(report) = run.now_or_never() {
                return report;
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return draft.not_started(&error),
        };
        let run = self.run_on(pipeline, &survey, deadline, draft, progress);
        let ended = runtime.block_on(async {
            // The run is dropped when a signal wins: that raises the flag of its threads.
            match select(Box::pin(run), Box::pin(signals::first())).await {
                Either::Left((report, _)) => Ok(report),
                Either::Right((signal, _)) => Err(draft.interrupted(signal_code(signal))),
            }
        });
        self.end_watch();
        // A thread that still runs hears that it should end, gives back its locks and kills its
        // children. One that is stuck must not hold the process.
        runtime.shutdown_timeout(LAST_CALL);
        if ended.is_err() || deadline.is_over() {
            // A helper without a flag to look at would live on.
            kill_every_group();
        }
        ended.unwrap_or_else(|report| report)
    }

    async fn run_on(
        &self,
        pipeline: &Pipeline,
        survey: &Survey,
        deadline: &Deadline,
        draft: &Draft,
        progress: &SharedProgress,
    ) -> Report {
        let platform = connect::platform(&self.environment, &self.loaded.policy, &self.known).ok();
        let shipment = survey.shipment.as_ref();
        let way = shipment.ok().map(|shipment| ForgeWay::of(self, shipment));
        let forge = ForgeSource::new(move || connect::forge(way.clone()));
        let question = shipment
            .ok()
            .and_then(|shipment| Question::of(self, shipment));
        let remote_head = RemoteHeadSource::new(move || remote_head::ask(question.clone()));
        let cx = Context {
            trigger: self.trigger,
            run_id: self.watch.run_id,
            policy: &self.loaded.policy,
            repo: self.repo(),
            shipment,
            forge: &forge,
            open_pull_request: &OpenPullRequest::new(),
            remote_head: &remote_head,
            platform: platform.as_ref(),
            task: &self.task,
            facts: &self.facts(survey),
            environment: &self.environment,
            receipts: &self.receipts,
            clock: &self.clock,
            deadline,
            progress,
        };
        let report = pipeline.run(cx, draft).await;
        if let Ok(shipment) = shipment {
            self.keep_habits(shipment);
        }
        report
    }

    /// Keeps what the remotes did about logins, where that is news.
    fn keep_habits(&self, shipment: &Shipment) {
        let first = (&shipment.remote, &shipment.push_options);
        let also = shipment.also.iter();
        let also = also.map(|place| (&place.remote, &place.push_options));
        for (remote, options) in std::iter::once(first).chain(also) {
            if let Some(seen) = options.login_habit.learned() {
                self.remote_records().keep_login(&remote.url, seen);
            }
        }
    }

    /// Returns what is kept about remotes from one run to the next.
    fn remote_records(&self) -> RemoteRecords {
        RemoteRecords::below(self.environment.state_directory())
    }

    /// Says whether no step has a server to talk to: no platform, and nothing to ship.
    fn has_nobody_to_ask(&self, survey: &Survey) -> bool {
        survey.shipment.is_err()
            && connect::platform(&self.environment, &self.loaded.policy, &self.known).is_err()
    }

    /// Returns the repository, where there is one that can be opened.
    fn repo(&self) -> Option<&Repo> {
        self.repo.as_ref().ok().and_then(Option::as_ref)
    }

    /// Looks at the repository: what would be shipped, or why nothing.
    fn survey(&self) -> Survey {
        let repo = self.repo.as_ref().map(Option::as_ref);
        let options =
            |url: &crate::names::RemoteUrl| -> PushOptions { connect::push_options(self, url) };
        guards::survey(repo, &self.loaded.policy, options)
    }

    fn facts(&self, survey: &Survey) -> Facts {
        Facts {
            repo: survey.facts.clone(),
            task: self.task.task.clone(),
            trigger: self.trigger.to_string(),
            run: RunFacts {
                id: self.watch.run_id.to_string(),
            },
            steps: std::collections::BTreeMap::new(),
        }
    }
}
