//! What `run`, `plan` and `step` begin with: the request, the session, the pipeline.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::pipeline::{Pipeline, TaskDocument};
use crate::policy::Trigger;
use crate::reason::{Code, Reason};
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{Request, Session, Watch};

use super::output::complain;
use super::render;
use super::task::read_task;

/// What the program was started with.
#[derive(Debug)]
pub(super) struct Start {
    /// The variables and directories.
    pub(super) environment: Environment,
    /// What the process came to hold and must not show; the log hides it too.
    pub(super) known: KnownSecrets,
}

/// Where and under which policy to work
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RequestArgs {
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Who asks; agent triggers open drafts
    #[arg(long, value_name = "NAME", default_value = "manual", value_parser = parse_trigger)]
    trigger: Trigger,
    /// Read one more policy file, above all others
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Set one key of the policy, such as branches.base=staging
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// What ends a task; one that failed ends by another pipeline.
const POST_TASK: &str = "post-task";

/// Which pipeline, for which task
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PipelineArgs {
    /// The pipeline [default: post-task; on-failure in its place when the task document says `ok: false`]
    pipeline: Option<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Read the task document from FILE, or from standard input with -
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// What is asked for, before anything is opened.
#[derive(Debug)]
pub(super) struct Asked {
    /// What the session opens.
    pub(super) request: Request,
    /// The pipeline's name, as far as it is known before the task document is read.
    pub(super) name: String,
    input: Option<PathBuf>,
}

impl RequestArgs {
    /// Makes the request that the session opens. A directory that does not exist ends the command.
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
    /// Returns what is asked for. A directory that does not exist is told in the report: there is
    /// nothing to push in it, and memory and heartbeat go out from anywhere.
    pub(super) fn checked(&self, start: &Start) -> Asked {
        let mut request = self.request.unchecked(start);
        if let Some(problem) = directory_problem(request.directory.as_ref(), &start.environment) {
            let note = Reason::new(Code::BadInput, problem)
                .advise("name a directory that exists with -C, and run again");
            request.notes.push(note);
        }
        self.asked(request)
    }

    /// Returns what is asked for, without a look at the directory.
    pub(super) fn unchecked(&self, start: &Start) -> Asked {
        self.asked(self.request.unchecked(start))
    }

    fn asked(&self, request: Request) -> Asked {
        let named = self.pipeline.clone();
        Asked {
            request,
            name: named.unwrap_or_else(|| POST_TASK.to_owned()),
            input: self.input.clone(),
        }
    }
}

impl Asked {
    /// Opens the session and plans the pipeline. An error of the policy is shown and ends the
    /// command. `on_end` gets the report so far when the deadline passes and nothing else helps.
    pub(super) fn open(
        self,
        environment: Environment,
        on_end: impl FnOnce(Report) + Send + 'static,
    ) -> Result<(Session, Pipeline), Exit> {
        let watch = Watch::start(&self.request, &self.name, on_end);
        let session = Session::open(self.request, environment, watch)
            .map_err(|error| render::policy_error(&error))?;
        // Read under the policy's deadline: whoever holds the other end of a pipe may never close it.
        let (session, task) = match read_task(self.input.as_deref()) {
            Ok(task) => (session.with_task(task.clone()), task),
            // The rest of the run does not need it: the branch is worth as much as before.
            Err(note) => (session.with_note(note), TaskDocument::default()),
        };
        let name = match self.name.as_str() {
            POST_TASK => task.default_pipeline(),
            other => other,
        };
        let pipeline = session
            .pipeline(name)
            .map_err(|error| render::policy_error(&error))?;
        Ok((session, pipeline))
    }
}

/// Complains of a directory of `-C` that is not there: a wrong argument, unlike a directory without
/// a repository.
pub(super) fn check_directory(
    directory: Option<&PathBuf>,
    environment: &Environment,
) -> Result<(), Exit> {
    match directory_problem(directory, environment) {
        None => Ok(()),
        Some(problem) => {
            complain(&problem);
            Err(Exit::Usage)
        }
    }
}

/// Says what is wrong with the directory of `-C`.
fn directory_problem(directory: Option<&PathBuf>, environment: &Environment) -> Option<String> {
    let directory = directory?;
    let problem = match std::fs::metadata(environment.cwd().join(directory)) {
        Ok(metadata) if metadata.is_dir() => return None,
        Ok(_) => "it is no directory".to_owned(),
        Err(error) => error.to_string(),
    };
    Some(format!(
        "-C names {}, which cannot be worked in: {problem}",
        directory.display()
    ))
}

fn parse_trigger(name: &str) -> Result<Trigger, String> {
    Trigger::ALL
        .into_iter()
        .find(|trigger| trigger.as_str() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = Trigger::ALL
                .iter()
                .map(|trigger| trigger.as_str())
                .collect();
            format!("the triggers are: {}", names.join(", "))
        })
}
