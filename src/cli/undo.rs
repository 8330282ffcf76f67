//! `sendoff undo`: takes back what a run pushed, and closes the pull request that it opened.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::session::{Session, Undo, Watch};

use super::colour::Paint;
use super::confirm::is_wanted;
use super::end_process::end_process;
use super::output::{eprint, print};
use super::progress::TerminalProgress;
use super::render;
use super::start::Start;

/// Examples, variables and exit codes.
const HELP: &str = "\
Examples:
  sendoff undo --dry-run    show what would be taken back
  sendoff undo --yes        take back the last push of this branch

Environment:
  GH_TOKEN, GITHUB_TOKEN  the token for github.com
  XDG_STATE_HOME, HOME    where the state directory is, with the record of what was pushed

Exit codes: 0 done, 1 refused or failed, 64 command line, or there is nothing to take back, 78 policy.";

/// Undo what a run pushed, and close the pull request that it opened
///
/// Only for a run that this machine recorded, and only where the remote has the branch exactly at what the run pushed:
/// a branch that moved since is left alone. A branch that the run created is deleted, another one is moved back to where
/// it was. A protected branch is never touched. The local branch and its commits stay as they are, and the next commit
/// or run ships the branch again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The run, as `sendoff history` lists it [default: the last one that pushed the branch that HEAD is on]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Show what would be taken back, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Print the report as JSON; with --dry-run what would be taken back
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        let request = match start.request_in(self.directory.as_ref()) {
            Ok(request) => request,
            Err(exit) => return exit,
        };
        let watch = Watch::without_thread(&request, "undo");
        let session = match Session::open(request.clone(), start.environment.clone(), watch) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        let undo = match session.find_undo(self.run.as_deref()) {
            Ok(undo) => undo,
            Err(error) => {
                eprint(&error.to_string());
                return Exit::Usage;
            }
        };
        let plan = session.plan_undo(&undo);
        if self.dry_run && self.json {
            return print(&plan_json(&undo, &plan)).exit();
        }
        let plan = plan.join("\n");
        if self.dry_run {
            return print(&plan).exit();
        }
        let terminal = start.environment.is_terminal();
        if !self.yes
            && !is_wanted(
                &plan,
                terminal,
                &format!("sendoff undo {} --yes", undo.run_id),
            )
        {
            return Exit::Usage;
        }
        // The deadline counts from here, so that the person can take any time to answer.
        let json = self.json;
        let watch = Watch::start(&request, "undo", move |report| {
            end_process(show(&report, json));
        });
        let session = match Session::open(request, start.environment.clone(), watch) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        show(&session.undo(undo, &TerminalProgress::when(terminal)), json)
    }
}

/// Formats what would be taken back.
fn plan_json(undo: &Undo, plan: &[String]) -> String {
    serde_json::json!({ "run_id": undo.run_id, "branch": undo.branch.as_str(), "plan": plan })
        .to_string()
}

fn show(report: &crate::report::Report, json: bool) -> Exit {
    let printed = if json {
        print(&render::json(report))
    } else {
        print(&render::human(
            report,
            render::Detail::EveryStep,
            Paint::Off,
        ))
    };
    report.exit().worst(printed.exit())
}
