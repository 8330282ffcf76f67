//! `sendoff plan`: what a run would do, and why; without doing any of it.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::session::{Plan, Session};

use super::output::{complain, print};
use super::render;
use super::request::{RequestArgs, read_task};

/// Show what a run would do, and why, without doing any of it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is written and no server is asked: what only a server knows is said to be asked \
                        at run time."
)]
pub(super) struct Args {
    /// The pipeline [default: post-task, or on-failure when the task document says `ok: false`]
    pipeline: Option<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Read the task document from FILE, or from standard input with -
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, environment: Environment) -> Exit {
        let task = match read_task(self.input.as_deref()) {
            Ok(task) => task,
            Err(message) => {
                complain(&message);
                return Exit::Usage;
            }
        };
        let named = self.pipeline.clone();
        let name = named.unwrap_or_else(|| task.default_pipeline().to_owned());
        let session = match Session::open(self.request.request(task), environment) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        match session.pipeline(&name) {
            Ok(pipeline) => show(&session.plan(&pipeline), self.json),
            Err(error) => render::policy_error(&error),
        }
    }
}

/// Prints a plan.
pub(super) fn show(plan: &Plan, json: bool) -> Exit {
    if json {
        // A plan is made of text and lists of text, which always serialise.
        print(&serde_json::to_string_pretty(plan).unwrap_or_default());
    } else {
        print(&render::plan(plan));
    }
    plan.exit()
}
