//! `sendoff step NAME`: runs one step and prints its data.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::report::{Report, Verdict};
use crate::session::Session;

use super::output::{complain, print};
use super::progress::TerminalProgress;
use super::render;
use super::request::{RequestArgs, read_task};

/// Run one step and print its data
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The step, by its name in the policy or its kind
    name: String,
    /// Set one of the step's own keys
    #[arg(long, value_name = "KEY=VALUE")]
    with: Vec<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Read the task document from FILE, or from standard input with -
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print the step's line of the report as JSON
    #[arg(long)]
    json: bool,
    /// Exit 0 whatever happens
    #[arg(long)]
    best_effort: bool,
}

impl Args {
    pub(super) fn run(self, environment: Environment) -> Exit {
        let best_effort = self.best_effort;
        let exit = self.run_honestly(environment);
        if best_effort { Exit::Done } else { exit }
    }

    fn run_honestly(self, environment: Environment) -> Exit {
        if environment.is_off() {
            return Exit::Done;
        }
        let task = match read_task(self.input.as_deref()) {
            Ok(task) => task,
            Err(message) => {
                complain(&message);
                return Exit::Usage;
            }
        };
        let terminal = environment.is_terminal();
        let session = match Session::open(self.request.request(task), environment) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        let pipeline = match session.single_step(&self.name, &self.with) {
            Ok(pipeline) => pipeline,
            Err(error) => return render::policy_error(&error),
        };
        let (json, best_effort) = (self.json, self.best_effort);
        let report = session.run(
            &pipeline,
            &TerminalProgress::when(terminal),
            move |report| {
                let exit = show(&report, json);
                super::run::end_process(if best_effort { Exit::Done } else { exit });
            },
        );
        show(&report, self.json)
    }
}

/// Prints the step's text, or its line of the report.
fn show(report: &Report, json: bool) -> Exit {
    let Some(step) = report.steps.first() else {
        return report.exit();
    };
    if json {
        // A step's line is made of text, numbers and maps with text keys, which always serialise.
        print(&serde_json::to_string_pretty(step).unwrap_or_default());
        return report.exit();
    }
    match step.outputs.get("text").and_then(|text| text.as_str()) {
        Some("") => {}
        Some(text) => print(text),
        None if step.verdict == Verdict::Done && !step.outputs.is_empty() => {
            let value = serde_json::Value::Object(step.outputs.clone());
            print(&serde_json::to_string_pretty(&value).unwrap_or_default());
        }
        None => {}
    }
    if step.verdict != Verdict::Done || !report.notes.is_empty() {
        complain(render::human(report, render::Detail::EveryStep).trim_end());
    }
    report.exit()
}
