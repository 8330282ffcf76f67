//! `sendoff run`: runs a pipeline in the foreground and reports.

use crate::exit::Exit;
use crate::pipeline::Receipts;
use crate::report::{Report, Verdict, prompt};
use crate::session::Watch;

use super::output::{Reached, complain, print};
use super::plan;
use super::progress::TerminalProgress;
use super::render;
use super::start::{PipelineArgs, Start};

/// The pipeline whose data is one text for a model.
const PRE_TASK: &str = "pre-task";

/// Run a pipeline and report what became of each step
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[command(
    after_help = "Exit codes: 0 done or nothing to do, 1 a step failed, 64 command line, 70 a bug, \
                        75 queued, 78 policy."
)]
pub(super) struct Args {
    #[command(flatten)]
    what: PipelineArgs,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Show what would run instead of running it
    #[arg(long)]
    dry_run: bool,
    /// Exit 0 whatever happens
    #[arg(long)]
    best_effort: bool,
    /// Show steps that had nothing to work with, and more of every step
    #[arg(short, long)]
    verbose: bool,
}

impl Args {
    pub(super) fn run(self, start: Start) -> Exit {
        if start.environment.is_off() {
            return self.off(&start);
        }
        let asked = self.what.checked(&start);
        let style = Style {
            json: self.json,
            verbose: self.verbose,
            prompt: asked.name == PRE_TASK,
        };
        let terminal = start.environment.is_terminal();
        let receipts = asked.request.receipts.clone();
        let (dry_run, best_effort) = (self.dry_run, self.best_effort);
        let opened = asked.open(start.environment, move |report| {
            // The run's thread may be stuck for ever: the process ends here, with what is known.
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
            return plan::show(&session.plan(&pipeline), self.json);
        }
        let report = session.run(&pipeline, &TerminalProgress::when(terminal));
        style.show(&report, session.receipts())
    }

    /// Does nothing; whoever reads a document gets one that says why.
    fn off(&self, start: &Start) -> Exit {
        let asked = self.what.unchecked(start);
        if self.dry_run {
            return plan::off(&asked, self.json);
        }
        let report = Watch::without_thread(&asked.request, &asked.name).switched_off();
        if self.json {
            return print(&render::json(&report)).exit();
        }
        if self.verbose {
            complain(render::human(&report, render::Detail::Verbose).trim_end());
        }
        Exit::Done
    }
}

/// How the report is shown.
#[derive(Debug, Clone, Copy)]
struct Style {
    json: bool,
    verbose: bool,
    /// Whether the data of the run is a text for a model.
    prompt: bool,
}

impl Style {
    /// Shows the report. What was handed on is let go of once it is out.
    fn show(self, report: &Report, receipts: &Receipts) -> Exit {
        let reached = if self.json {
            print(&render::json(report))
        } else if self.prompt {
            self.show_prompt(report)
        } else {
            print_some(&render::human(report, render::Detail::of(self.verbose)))
        };
        if reached == Reached::Whole {
            receipts.settle();
        }
        report.exit().worst(reached.exit())
    }

    /// Prints the text for the model, and tells a person what is missing in it.
    fn show_prompt(self, report: &Report) -> Reached {
        let reached = print_some(&prompt(report));
        let is_whole = report
            .steps
            .iter()
            .all(|step| step.verdict == Verdict::Done || render::is_quiet(step));
        if !is_whole || self.verbose || !report.notes.is_empty() {
            complain(render::human(report, render::Detail::of(self.verbose)).trim_end());
        }
        reached
    }
}

/// Prints a text, unless there is none.
fn print_some(text: &str) -> Reached {
    if text.is_empty() {
        Reached::Whole
    } else {
        print(text)
    }
}

#[expect(
    clippy::exit,
    reason = "the watchdog ends a process whose main thread does not answer"
)]
pub(super) fn end_process(exit: Exit) -> ! {
    // A child in a group of its own would live on.
    crate::process::kill_every_group();
    std::process::exit(exit.code().into())
}
