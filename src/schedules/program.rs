//! Runs a pipeline or a step in a child process of the same program, so that it cannot affect this one.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::http::clean_line;
use crate::policy::Trigger;
use crate::process::{Ended, Output, Program};
use crate::report::{Report, StepReport, Verdict};
use crate::threads::until_dropped;

use super::work_outcome::WorkOutcome;

/// The largest output of the program, in bytes.
const MAX_OUTPUT_SIZE: usize = 1 << 20;
/// The longest description of a result, in characters.
const MAX_DETAIL_LENGTH: usize = 500;
/// How much longer than the firing's timeout the program can run, so that the timeout ends it.
const EXIT_GRACE: Duration = Duration::from_secs(5);

/// Runs a pipeline in a directory.
pub(super) async fn pipeline(name: &str, directory: &Path, limit: Duration) -> WorkOutcome {
    outcome("run", name, Some(directory), limit, |report: Report| {
        of_steps(report.verdict, &report.steps)
    })
    .await
}

/// Runs a step of kind `http`.
pub(super) async fn step(name: &str, directory: Option<&Path>, limit: Duration) -> WorkOutcome {
    outcome("step", name, directory, limit, |report: StepReport| {
        of_steps(report.verdict, &[report])
    })
    .await
}

/// Runs a command of this program, and makes the outcome from the report that it prints.
async fn outcome<T: DeserializeOwned>(
    command: &str,
    name: &str,
    directory: Option<&Path>,
    limit: Duration,
    of_report: impl FnOnce(T) -> WorkOutcome,
) -> WorkOutcome {
    let output = match run([command, name], directory, limit).await {
        Ok(output) => output,
        Err(outcome) => return outcome,
    };
    let report = serde_json::from_slice(&output.stdout.bytes);
    report.map_or_else(|_| without_report(&output), of_report)
}

async fn run(
    arguments: [&str; 2],
    directory: Option<&Path>,
    limit: Duration,
) -> Result<Output, WorkOutcome> {
    let own = std::env::current_exe().map_err(|error| WorkOutcome::failed(&error))?;
    let directory = directory.unwrap_or(Path::new("/")).to_owned();
    if !directory.is_dir() {
        let message = format!("there is no directory {}", directory.display());
        return Err(WorkOutcome::Failed(message));
    }
    let program = Program::new(own)
        .args(arguments)
        .args(["--json", "--trigger", Trigger::Schedule.as_str()])
        .whole_environment()
        .directory(directory)
        .cap(MAX_OUTPUT_SIZE)
        .deadline(limit + EXIT_GRACE);
    match until_dropped(move |stop| program.run_until(stop)).await {
        Ok(Ok(Ok(output))) => Ok(output),
        Ok(Ok(Err(error))) => Err(WorkOutcome::failed(&error)),
        Ok(Err(_)) => Err(WorkOutcome::Failed(
            "the program could not be supervised".into(),
        )),
        Err(error) => Err(WorkOutcome::failed(&error)),
    }
}

/// Makes an outcome from a verdict and the summaries of the steps that have it.
fn of_steps(verdict: Verdict, steps: &[StepReport]) -> WorkOutcome {
    let told = |wanted: Verdict| {
        let lines = steps.iter().filter(|step| step.verdict == wanted);
        let lines: Vec<String> = lines
            .map(|step| format!("{}: {}", step.name, step.summary))
            .collect();
        clean_line(&lines.join("; "), MAX_DETAIL_LENGTH)
    };
    match verdict {
        Verdict::Failed => WorkOutcome::Failed(told(Verdict::Failed)),
        Verdict::Queued => {
            WorkOutcome::done(format!("it will be tried again: {}", told(Verdict::Queued)))
        }
        Verdict::Done => WorkOutcome::done(told(Verdict::Done)),
        Verdict::Skipped => WorkOutcome::done("there was nothing to do"),
    }
}

/// Makes the outcome of a program that printed no report, such as for an invalid policy.
fn without_report(output: &Output) -> WorkOutcome {
    let said = String::from_utf8_lossy(&output.stderr.bytes);
    let said = clean_line(&said, MAX_DETAIL_LENGTH);
    let how = match output.ended {
        Ended::Code(code) => format!("it ended with exit code {code}"),
        Ended::Signal(signal) => format!("it was ended by signal {signal}"),
    };
    WorkOutcome::Failed(if said.is_empty() {
        how
    } else {
        format!("{how}: {said}")
    })
}
