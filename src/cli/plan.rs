//! `sendoff plan`: shows what a run would do, and why.

use crate::exit::Exit;
use crate::report::Report;
use crate::session::{AskRemote, Plan};

use super::colour::Paint;
use super::end_process::end_process;
use super::output::{eprint, print};
use super::render;
use super::start::{PipelineArgs, PipelineRequest, Start};

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff plan                                      explain a run in this repository
  sendoff plan post-commit --set branches.base=dev  explain it with another base branch

Environment:
  GH_TOKEN, GITHUB_TOKEN       the token for github.com; without one the pull request is skipped
  PLATFORM_URL, WORKSPACE_ID   the agents' platform; without them its steps are skipped
  SENDOFF                      0 switches sendoff off";

/// Show what a run would do, and why, without doing any of it
///
/// A plan writes nothing and asks no server. It names each step that would run or be skipped, with the reason. What
/// only a server knows, such as the remote's HEAD, is marked as asked at run time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    what: PipelineArgs,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
    /// Show also the steps that are not set up
    #[arg(short, long)]
    verbose: bool,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// As one document.
    Json,
    /// For people.
    Text(render::Detail),
}

impl Form {
    /// Returns the form that the flags ask for.
    pub(super) const fn of(json: bool, verbose: bool) -> Self {
        if json {
            Self::Json
        } else {
            Self::Text(render::Detail::of(verbose))
        }
    }
}

impl Args {
    pub(super) fn run(self, start: Start) -> Exit {
        if start.environment.is_off() {
            return off(
                &self.what.unchecked(&start),
                Form::of(self.json, self.verbose),
            );
        }
        let form = Form::of(self.json, self.verbose);
        let request = self.what.checked(&start);
        let opened = request.open(start.environment, AskRemote::No, |report| {
            end_process(late(&report));
        });
        match opened {
            Ok((session, pipeline)) => show(&session.plan(&pipeline), form),
            Err(exit) => exit,
        }
    }
}

/// Reports that the deadline passed before there was a plan.
pub(super) fn late(report: &Report) -> Exit {
    eprint(render::human(report, render::Detail::Normal, Paint::Off).trim_end());
    Exit::Failed
}

/// Prints the plan when sendoff is switched off.
pub(super) fn off(request: &PipelineRequest, form: Form) -> Exit {
    show(
        &Plan::switched_off(&request.name, request.request.trigger),
        form,
    )
}

/// Prints a plan.
pub(super) fn show(plan: &Plan, form: Form) -> Exit {
    let printed = match form {
        // A plan is made of text and lists of text, which always serialise.
        Form::Json => print(&serde_json::to_string_pretty(plan).unwrap_or_default()),
        Form::Text(detail) => print(&render::plan(plan, detail)),
    };
    printed.exit().worst(plan.exit())
}
