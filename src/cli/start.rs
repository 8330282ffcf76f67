//! The common part of `run`, `plan` and `step`: arguments, request, session, pipeline.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::pipeline::{Pipeline, TaskDocument};
use crate::policy::Trigger;
use crate::reason::{Code, Reason};
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{AskRemote, Request, Session, Watch};

use super::colour::Paint;
use super::hints::Hints;
use super::output::eprint;
use super::render;
use super::task::read_task;

/// The environment of the process and the secrets in it.
#[derive(Debug)]
pub(super) struct Start {
    /// The variables and directories.
    pub(super) environment: Environment,
    /// The secrets that the process holds; the report and the log hide them.
    pub(super) known: KnownSecrets,
    /// Whether what is printed on standard output is coloured.
    pub(super) paint: Paint,
}

impl Start {
    /// Makes the request of a command that runs no pipeline, in the directory of `-C`, which has to exist.
    pub(super) fn request_in(&self, directory: Option<&PathBuf>) -> Result<Request, Exit> {
        check_directory(directory, &self.environment)?;
        Ok(Request {
            directory: directory.cloned(),
            known: self.known.clone(),
            ..Request::default()
        })
    }
}

/// The directory, trigger and policy of a run
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RequestArgs {
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Who asks for the run; agent triggers open draft pull requests
    #[arg(long, value_name = "NAME", default_value = "manual", value_parser = triggers())]
    trigger: Trigger,
    /// Read one more policy file, which overrides the layers below it
    ///
    /// It cannot remove a protected branch. A mistake in it ends the command with exit code 78.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Set one key of the policy, such as branches.base=staging
    ///
    /// Overrides every file. A key of type string takes the text as it is, others take a TOML value.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// The default pipeline. A task that failed has another one.
const POST_TASK: &str = "post-task";

/// The pipeline and the task of a run
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PipelineArgs {
    /// The pipeline [default: post-task, or on-failure when the task document says `ok: false`]
    #[arg(value_parser = Hints::Pipelines)]
    pipeline: Option<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Read the task document from FILE; - is standard input
    ///
    /// The document says what the task was and how it ended, as JSON; every key is optional.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// The request for a pipeline, before anything is opened.
#[derive(Debug)]
pub(super) struct PipelineRequest {
    /// The request to the session.
    pub(super) request: Request,
    /// The pipeline's name. The task document can still replace the default.
    pub(super) name: String,
    input: Option<PathBuf>,
}

impl RequestArgs {
    /// Makes the request to the session. Fails when the directory does not exist.
    pub(super) fn request(&self, start: &Start) -> Result<Request, Exit> {
        check_directory(self.directory.as_ref(), &start.environment)?;
        Ok(self.unchecked(start))
    }

    fn unchecked(&self, start: &Start) -> Request {
        Request {
            directory: self.directory.clone(),
            trigger: self.trigger,
            policy_file: self.policy.clone(),
            sets: self.set.clone(),
            known: start.known.clone(),
            ..Request::default()
        }
    }
}

impl PipelineArgs {
    /// Returns the request. A directory that does not exist becomes a note of the report: memory and
    /// heartbeat do not need one.
    pub(super) fn checked(&self, start: &Start) -> PipelineRequest {
        let mut request = self.request.unchecked(start);
        if let Some(problem) = directory_problem(request.directory.as_ref(), &start.environment) {
            let note = Reason::new(Code::BadInput, problem)
                .advise("name a directory that exists with -C, and run again");
            request.notes.push(note);
        }
        self.with_pipeline(request)
    }

    /// Returns the request without checking the directory.
    pub(super) fn unchecked(&self, start: &Start) -> PipelineRequest {
        self.with_pipeline(self.request.unchecked(start))
    }

    fn with_pipeline(&self, request: Request) -> PipelineRequest {
        let named = self.pipeline.clone();
        PipelineRequest {
            request,
            name: named.unwrap_or_else(|| POST_TASK.to_owned()),
            input: self.input.clone(),
        }
    }
}

impl PipelineRequest {
    /// Opens the session and plans the pipeline. An error of the policy is printed, and its exit code
    /// returned. `ask` says whether the remote may be asked for the repository's policy. `on_end` gets the report so far
    /// when the deadline passes and the run does not end.
    pub(super) fn open(
        self,
        environment: Environment,
        ask: AskRemote,
        on_end: impl FnOnce(Report) + Send + 'static,
    ) -> Result<(Session, Pipeline), Exit> {
        let watch = Watch::start(&self.request, &self.name, on_end);
        let session = Session::open(self.request, environment, watch)
            .map_err(|error| render::policy_error(&error))?;
        let patience = session.patience_with_input();
        let (session, task) = match read_task(self.input.as_deref(), patience) {
            Ok((task, notes)) => (session.with_task(task.clone()).with_notes(notes), task),
            // The rest of the run does not need it.
            Err(note) => (session.with_notes(Some(note)), TaskDocument::default()),
        };
        let name = match self.name.as_str() {
            POST_TASK => task.default_pipeline(),
            other => other,
        };
        let is_known = session.has_pipeline(name);
        session.planned_at_policy_base(name, ask).map_err(|error| {
            let exit = render::policy_error(&error);
            // A name that no policy has is a mistake in the command line.
            if is_known { exit } else { Exit::Usage }
        })
    }
}

/// Checks that the directory of `-C` exists. It need not have a repository.
pub(super) fn check_directory(
    directory: Option<&PathBuf>,
    environment: &Environment,
) -> Result<(), Exit> {
    match directory_problem(directory, environment) {
        None => Ok(()),
        Some(problem) => {
            eprint(&problem);
            Err(Exit::Usage)
        }
    }
}

/// Returns the problem with the directory of `-C`, or `None`.
fn directory_problem(directory: Option<&PathBuf>, environment: &Environment) -> Option<String> {
    let directory = directory?;
    let problem = match std::fs::metadata(environment.cwd().join(directory)) {
        Ok(metadata) if metadata.is_dir() => return None,
        Ok(_) => "it is not a directory".to_owned(),
        Err(error) => error.to_string(),
    };
    Some(format!(
        "-C names {}, which cannot be used: {problem}",
        directory.display()
    ))
}

/// Reads a trigger, and lists them all for help, completions and errors.
fn triggers() -> impl TypedValueParser<Value = Trigger> {
    let names = Trigger::ALL.iter().map(|trigger| trigger.as_str());
    PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(|name| {
        let mut all = Trigger::ALL.into_iter();
        all.find(|trigger| trigger.as_str() == name)
            .ok_or("no such trigger")
    })
}
