//! `sendoff step NAME`: runs one step and prints its data.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::ArgAction;

use crate::exit::Exit;
use crate::pipeline::{Receipts, TaskDocument, TextStep};
use crate::report::{Report, StepReport, Verdict};
use crate::session::{Session, Watch};
use crate::steps::STEPS;

use super::batch::{Batch, not_text};
use super::colour::Paint;
use super::end_process::end_process;
use super::hints::Hints;
use super::output::{Written, eprint, print};
use super::progress::TerminalProgress;
use super::render;
use super::start::{RequestArgs, Start};
use super::task::{read_input, read_task};

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff step redact --input build.log            print a file without its secrets
  sendoff step push --with remote=origin --json    push this branch and print the result as JSON

Environment:
  GH_TOKEN, GITHUB_TOKEN       the token for github.com
  PLATFORM_URL, WORKSPACE_ID   the agents' platform, and the workspace there
  CONFIGS_DIR                  the directory with the platform's token and the system prompt
  SENDOFF                      0 switches sendoff off";

/// Run one step and print its data
///
/// Every step works alone. Its data goes to standard output, everything else to standard error. A text step, such as
/// `redact`, converts the text of `--input` and asks no server.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The step, by its name in the policy or its kind
    #[arg(value_parser = Hints::Steps)]
    name: String,
    /// Set one key of the step, such as max-length=40
    #[arg(long, value_name = "KEY=VALUE")]
    with: Vec<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Read the task document, or a text step's text, from FILE; - is standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print the step's entry in the report as JSON
    #[arg(long)]
    json: bool,
    /// Convert many texts: one JSON object a line, {"input", "with"} in and {"text"} or {"error"} out
    ///
    /// For callers that convert many texts in one process. Each line is answered by one line, in order.
    #[arg(long, conflicts_with = "json")]
    batch: bool,
    /// Exit 0 whatever happens
    #[arg(long)]
    best_effort: bool,
    /// Report the step's verdict on standard error, also when it is done or switched off; -vv logs at level debug
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

impl Args {
    /// Returns how often `-v` was given.
    pub(super) const fn verbosity(&self) -> u8 {
        self.verbose
    }

    pub(super) fn run(self, start: Start) -> Exit {
        let is_off = start.environment.is_off();
        let kind = STEPS.iter().find(|def| def.name == self.name);
        if is_off && kind.is_some_and(|def| !def.makes_text()) {
            return self.off();
        }
        let request = match self.request.request(&start) {
            Ok(request) => request,
            Err(exit) => return exit,
        };
        let (style, best_effort) = (self.style(), self.best_effort);
        let receipts = request.receipts.clone();
        let watch = Watch::start(&request, &self.name, move |report| {
            let exit = style.show(&report, &receipts);
            end_process(if best_effort { Exit::Done } else { exit });
        });
        let session = match Session::open(request, start.environment, watch) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        match session.text_step(&self.name, &self.with) {
            // Without a readable policy the kind of a user's step is unknown.
            Err(_) if is_off && kind.is_none() && session.fails_closed() => self.off(),
            Err(error) => {
                let exit = render::policy_error(&error);
                // A name that nothing has is a mistake in the command line, unless the file that would have it cannot be read.
                if session.has_step(&self.name) || session.fails_closed() {
                    exit
                } else {
                    Exit::Usage
                }
            }
            Ok(None) if is_off => self.off(),
            Ok(None) if self.batch => {
                eprint(&not_text(&self.name));
                Exit::Usage
            }
            Ok(Some(_)) if self.batch => self.run_batch(&session.unwatched()),
            Ok(Some(step)) => self.run_on_text(session.unwatched(), step.as_ref()),
            Ok(None) => match read_task(self.input.as_deref(), session.patience_with_input()) {
                Ok((task, notes)) => self.run_alone(session.with_task(task).with_notes(notes)),
                Err(note) => {
                    eprint(&note.message);
                    eprint(note.advice.as_deref().unwrap_or_default());
                    Exit::Usage
                }
            },
        }
    }

    const fn style(&self) -> Style {
        Style {
            json: self.json,
            verbose: self.verbose > 0,
        }
    }

    /// Does nothing, but prints a document if `--json` asks for one.
    fn off(&self) -> Exit {
        let step = Watch::step_switched_off(&self.name);
        if self.json {
            return print(&serde_json::to_string_pretty(&step).unwrap_or_default()).exit();
        }
        if self.verbose > 0 {
            eprint(&step.summary);
        }
        Exit::Done
    }

    /// Converts the input line by line.
    fn run_batch(&self, session: &Session) -> Exit {
        let mut batch = Batch::new(session, &self.name, &self.with);
        let mut input: Box<dyn BufRead> = match self.input.as_deref() {
            None => Box::new(io::stdin().lock()),
            Some(path) if path == Path::new("-") => Box::new(io::stdin().lock()),
            Some(path) => match File::open(path) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(error) => {
                    eprint(&format!("{} cannot be read: {error}", path.display()));
                    return Exit::Usage;
                }
            },
        };
        match batch.run(&mut input, &mut io::stdout().lock()) {
            Ok(written) => Written::of(written).exit(),
            Err(error) => {
                eprint(&format!("the input cannot be read: {error}"));
                Exit::Failed
            }
        }
    }

    /// Prints the text step's conversion of the input. It is not redacted: the caller passed it in.
    /// Only reports are redacted.
    fn run_on_text(self, session: Session, step: &dyn TextStep) -> Exit {
        let Some(path) = self.input.as_deref() else {
            return self.run_alone(session);
        };
        let text = match read_input(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(message) => {
                eprint(&message);
                return Exit::Usage;
            }
        };
        if self.json {
            let task = TaskDocument {
                raw: Some(text),
                ..TaskDocument::default()
            };
            return self.run_alone(session.with_task(task));
        }
        match step.convert(&text) {
            Ok(text) => {
                let exit = match text.as_str() {
                    "" => Exit::Done,
                    text => print(text).exit(),
                };
                if self.verbose > 0 {
                    eprint(&format!("done     {}", self.name));
                }
                exit
            }
            Err(error) => {
                eprint(&error.to_string());
                eprint(error.reason.advice.as_deref().unwrap_or_default());
                Exit::Failed
            }
        }
    }

    fn run_alone(self, session: Session) -> Exit {
        let planned = session.single_step_at_policy_base(&self.name, &self.with);
        let (session, pipeline) = match planned {
            Ok(planned) => planned,
            Err(error) => return render::policy_error(&error),
        };
        let progress = TerminalProgress::when(session.is_terminal());
        let report = session.run(&pipeline, &progress);
        self.style().show(&report, session.receipts())
    }
}

/// How a step is printed.
#[derive(Debug, Clone, Copy)]
struct Style {
    json: bool,
    verbose: bool,
}

impl Style {
    /// Prints the step's data, and settles the receipts once it is written.
    fn show(self, report: &Report, receipts: &Receipts) -> Exit {
        let Some(step) = report.steps.first() else {
            // The deadline passed before the step was planned.
            eprint(render::human(report, render::Detail::EveryStep, Paint::Off).trim_end());
            return report.exit();
        };
        let written = if self.json {
            // A step's line is made of text, numbers and maps with text keys, which always serialise.
            print(&serde_json::to_string_pretty(step).unwrap_or_default())
        } else {
            print_data(step)
        };
        if written == Written::Complete {
            receipts.settle();
        }
        let is_quiet = step.verdict == Verdict::Done && report.notes.is_empty();
        if !self.json && (self.verbose || !is_quiet) {
            eprint(render::human(report, render::Detail::EveryStep, Paint::Off).trim_end());
        }
        report.exit().worst(written.exit())
    }
}

/// Prints the step's text, or its other outputs as JSON; nothing when it has none.
fn print_data(step: &StepReport) -> Written {
    match step.outputs.get("text").and_then(|text| text.as_str()) {
        Some("") => Written::Complete,
        Some(text) => print(text),
        None if step.verdict == Verdict::Done && !step.outputs.is_empty() => {
            let value = serde_json::Value::Object(step.outputs.clone());
            print(&serde_json::to_string_pretty(&value).unwrap_or_default())
        }
        None => Written::Complete,
    }
}
