//! One run, wired up: environment, repository, policy, clients; then the pipeline.

mod connect;
mod guards;
mod plan;
mod progress;
mod range;
mod remote_head;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::git::push::Progress;
use crate::git::{LocalConfig, OpenError, Repo};
use crate::names::RunId;
use crate::pipeline::{
    Base, Deadline, Facts, ForgeSource, Hold, Pipeline, RemoteHeadSource, RunInfo, TaskDocument,
    Watchdog,
};
use crate::policy::{Layers, Loaded, Places, PolicyError, Trigger};
use crate::report::{Note, Report};
use crate::steps::STEPS;

use self::guards::Survey;

pub use self::plan::{Plan, PlanStep};

/// The repository's own policy, in the work tree.
const REPOSITORY_POLICY: &str = ".sendoff.toml";
/// Where the system's policy is.
const SYSTEM_POLICY: &str = "/etc/sendoff/policy.toml";

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
}

/// Everything that a run needs, opened and checked.
#[derive(Debug)]
pub struct Session {
    environment: Environment,
    clock: Clock,
    trigger: Trigger,
    run_id: RunId,
    task: TaskDocument,
    repo: Result<Option<Repo>, Hold>,
    loaded: Loaded,
    notes: Vec<Note>,
}

impl Session {
    /// Opens the repository and loads the policy. Only an error in what the command line names ends
    /// it here; a bad file elsewhere is reported, and holds back what it might have forbidden.
    pub fn open(request: Request, environment: Environment) -> Result<Self, Box<PolicyError>> {
        let clock = Clock::System;
        let run_id = RunId::new(clock.now());
        let directory = match &request.directory {
            Some(directory) => environment.cwd().join(directory),
            None => environment.cwd().to_owned(),
        };
        let mut repo = discover(&directory, &environment, LocalConfig::Ignore);
        let loaded = load(&request, &environment, repo.as_ref().ok().and_then(Option::as_ref))?;
        if loaded.policy.git.trusts_local_config() {
            repo = discover(&directory, &environment, LocalConfig::Trust);
        }
        let notes = notes(&loaded, repo.as_ref().ok().and_then(Option::as_ref));
        let (trigger, task) = (request.trigger, request.task);
        Ok(Self { environment, clock, trigger, run_id, task, repo, loaded, notes })
    }

    /// Plans a pipeline by name.
    pub fn pipeline(&self, name: &str) -> Result<Pipeline, PolicyError> {
        Pipeline::plan(&self.loaded.policy, name, STEPS)
    }

    /// Plans one step alone, with settings of its own.
    pub fn single_step(&self, name: &str, with: &[String]) -> Result<Pipeline, PolicyError> {
        Pipeline::single(&self.loaded.policy, name, with, STEPS)
    }

    /// Says what a run would do. Writes nothing and asks no server.
    pub fn plan(&self, pipeline: &Pipeline) -> Plan {
        Plan::of(self, pipeline, &self.survey())
    }

    /// Runs a pipeline. Never fails: what went wrong is part of the report.
    ///
    /// `on_deadline` is called with the report so far, on a thread of its own, when the deadline
    /// passes and the run does not end by itself.
    pub fn run(
        &self,
        pipeline: &Pipeline,
        progress: Arc<dyn Progress + Send + Sync>,
        on_deadline: impl FnOnce(Report) + Send + 'static,
    ) -> Report {
        let survey = self.survey();
        let info = self.info(pipeline, &survey);
        let deadline = Arc::new(Deadline::new(self.loaded.policy.limits.deadline.duration()));
        let progress = progress::standing_still(progress, Arc::clone(&deadline));
        let watchdog = Watchdog::start(Arc::clone(&deadline), pipeline.draft(&info), on_deadline);
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return pipeline.not_started(&info, &error.to_string()),
        };
        let report = runtime.block_on(self.run_on(pipeline, &info, survey, &deadline, &progress, &watchdog));
        drop(watchdog);
        // A stuck thread must not hold the process: dropping a runtime would wait for it.
        runtime.shutdown_background();
        report
    }

    async fn run_on(
        &self,
        pipeline: &Pipeline,
        info: &RunInfo,
        survey: Survey,
        deadline: &Deadline,
        progress: &Arc<dyn Progress + Send + Sync>,
        watchdog: &Watchdog,
    ) -> Report {
        let platform = connect::platform(&self.environment, &self.loaded.policy);
        let shipment = survey.shipment.as_ref();
        let forge = ForgeSource::new(|| connect::forge(self, shipment.ok()));
        let remote_head = RemoteHeadSource::new(|| self.remote_head(shipment.ok()));
        let base = Base {
            trigger: self.trigger,
            run_id: self.run_id,
            policy: &self.loaded.policy,
            repo: self.repo.as_ref().ok().and_then(Option::as_ref),
            shipment,
            forge: &forge,
            open_pull_request: &OnceCell::new(),
            remote_head: &remote_head,
            platform: platform.as_ref().map_err(Clone::clone),
            task: &self.task,
            clock: &self.clock,
            deadline,
            progress,
        };
        pipeline.run(&base, self.facts(&survey), info, watchdog.draft()).await
    }

    /// Looks at the repository, unless the policy is broken where it protects.
    fn survey(&self) -> Survey {
        let options = connect::push_options(self);
        let repo = self.repo.as_ref().map(Option::as_ref);
        let mut survey = guards::survey(repo, &self.loaded.policy, &options);
        if self.loaded.fail_closed {
            survey.shipment = Err(Hold::new(
                "policy-error",
                "a system or user policy cannot be used, and what it protects is not known",
            )
            .advise("mend the policy; `sendoff policy check` shows what is wrong"));
        }
        survey
    }
}
