//! `sendoff run`: runs a pipeline in the foreground and reports.

use clap::ArgAction;

use crate::exit::Exit;
use crate::pipeline::Receipts;
use crate::report::{Report, Verdict, prompt};
use crate::session::{AskRemote, Watch};

use super::colour::Paint;
use super::end_process::end_process;
use super::output::{Written, eprint, print};
use super::plan;
use super::progress::TerminalProgress;
use super::render;
use super::start::{PipelineArgs, Start};

/// Examples, variables and exit codes.
const HELP: &str = "\
Examples:
  sendoff run                            push this branch and open its pull request
  sendoff run --input task.json --json   end an agent's task and print the report as JSON

Environment:
  GH_TOKEN, GITHUB_TOKEN       the token for github.com
  PLATFORM_URL, WORKSPACE_ID   the agents' platform, and the workspace there
  CONFIGS_DIR                  the directory with the platform's token and the system prompt
  SENDOFF                      0 switches sendoff off

Exit codes: 0 done or nothing to do, 1 a step failed, 64 command line, 70 a bug, 75 queued, 78 policy.";

/// The pipeline that makes a prompt.
const PRE_TASK: &str = "pre-task";

/// Run a pipeline and report what became of each step
///
/// The pipeline runs in the foreground. `post-task`, the default, commits a memory, clears the heartbeat, pushes
/// the branch and opens the pull request. A protected branch is never pushed, and a push loses
/// nothing that the remote has, unless the policy lets a rewritten branch replace what was pushed from here. Running again
/// is safe: a branch that is pushed and a pull request that is open are found.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    what: PipelineArgs,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Show what would run instead of running it, as `sendoff plan` does
    #[arg(long)]
    dry_run: bool,
    /// Exit 0 whatever happens
    ///
    /// For hooks and `finally` blocks, which must not fail; the report still says what happened.
    #[arg(long)]
    best_effort: bool,
    /// Show also the steps that are not set up, and the outputs of every step; -vv logs at level debug
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// Print the report only when the exit code is not 0
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    quiet: bool,
}

impl Args {
    /// Returns how often `-v` was given.
    pub(super) const fn verbosity(&self) -> u8 {
        self.verbose
    }

    pub(super) fn run(self, start: Start) -> Exit {
        if start.environment.is_off() {
            return self.off(&start);
        }
        let request = self.what.checked(&start);
        let style = Style {
            json: self.json,
            verbose: self.verbose > 0,
            quiet: self.quiet,
            prompt: request.name == PRE_TASK,
            paint: start.paint,
        };
        let terminal = start.environment.is_terminal();
        let receipts = request.request.receipts.clone();
        let (dry_run, best_effort) = (self.dry_run, self.best_effort);
        let ask = if dry_run {
            AskRemote::No
        } else {
            AskRemote::Yes
        };
        let opened = request.open(start.environment, ask, move |report| {
            // The run's thread can be stuck forever: end the process with the report so far.
            let exit = if dry_run {
                plan::late(&report)
            } else {
                style.show(&report, &receipts)
            };
            end_process(if best_effort { Exit::Done } else { exit });
        });
        let (session, pipeline) = match opened {
            Ok(opened) => opened,
            Err(exit) => return exit,
        };
        if self.dry_run {
            return plan::show(
                &session.plan(&pipeline),
                plan::Form::of(self.json, self.verbose > 0),
            );
        }
        let report = session.run(&pipeline, &TerminalProgress::when(terminal));
        let exit = style.show(&report, session.receipts());
        // The process ends now, and the kernel takes back at once what would be freed piece by piece.
        std::mem::forget((session, pipeline, report));
        exit
    }

    /// Does nothing, but prints a document if `--json` asks for one.
    fn off(&self, start: &Start) -> Exit {
        let request = self.what.unchecked(start);
        if self.dry_run {
            return plan::off(&request, plan::Form::of(self.json, self.verbose > 0));
        }
        let report = Watch::without_thread(&request.request, &request.name).switched_off();
        if self.json {
            return print(&render::json(&report)).exit();
        }
        if self.verbose > 0 {
            eprint(render::human(&report, render::Detail::Verbose, Paint::Off).trim_end());
        }
        Exit::Done
    }
}

/// How the report is printed.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, or follows from its pipeline"
)]
struct Style {
    json: bool,
    verbose: bool,
    /// Whether a successful run prints nothing.
    quiet: bool,
    /// Whether to print the run's prompt instead of its report.
    prompt: bool,
    /// Whether the report for people is coloured.
    paint: Paint,
}

impl Style {
    /// Prints the report, and settles the receipts once it is written.
    fn show(self, report: &Report, receipts: &Receipts) -> Exit {
        let written = if self.json {
            print(&render::json(report))
        } else if self.prompt {
            self.show_prompt(report)
        } else if self.quiet && report.exit() == Exit::Done {
            Written::Complete
        } else {
            print_some(&render::human(
                report,
                render::Detail::of(self.verbose),
                self.paint,
            ))
        };
        if written == Written::Complete {
            receipts.settle();
        }
        report.exit().worst(written.exit())
    }

    /// Prints the prompt on stdout, and on stderr what is missing in it.
    fn show_prompt(self, report: &Report) -> Written {
        let written = print_some(&prompt(report));
        let is_whole = report
            .steps
            .iter()
            .all(|step| step.verdict == Verdict::Done || render::is_quiet(step));
        if !is_whole || self.verbose || !report.notes.is_empty() {
            eprint(render::human(report, render::Detail::of(self.verbose), Paint::Off).trim_end());
        }
        written
    }
}

/// Prints a text, unless there is none.
fn print_some(text: &str) -> Written {
    if text.is_empty() {
        Written::Complete
    } else {
        print(text)
    }
}
