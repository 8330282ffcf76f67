//! A pipeline or a step, run by this program once more: what it does to its process is its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::http::clean_line;
use crate::policy::Trigger;
use crate::process::{Ended, Output, Program};
use crate::report::{Report, StepReport, Verdict};
use crate::threads::on_own_thread;

use super::outcome::Outcome;

/// The most that is kept of what the program prints, in bytes.
const CAP: usize = 1 << 20;
/// The most that is told of an error, in characters.
const TOLD: usize = 500;
/// How long the program may take longer than the firing, which ends it.
const GRACE: Duration = Duration::from_secs(5);

/// Stops the program when the firing is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a pipeline in a directory.
pub(super) async fn pipeline(name: &str, directory: &Path, limit: Duration) -> Outcome {
    let arguments = ["run".into(), name.into()];
    let output = match run(arguments.to_vec(), Some(directory), limit).await {
        Ok(output) => output,
        Err(outcome) => return outcome,
    };
    let report: Result<Report, _> = serde_json::from_slice(&output.stdout.bytes);
    match report {
        Ok(report) => of_report(&report),
        Err(_) => without_report(&output),
    }
}

/// Runs a step of kind `http`.
pub(super) async fn step(name: &str, directory: Option<&Path>, limit: Duration) -> Outcome {
    let arguments = ["step".into(), name.into()];
    let output = match run(arguments.to_vec(), directory, limit).await {
        Ok(output) => output,
        Err(outcome) => return outcome,
    };
    let report: Result<StepReport, _> = serde_json::from_slice(&output.stdout.bytes);
    match report {
        Ok(report) => of_steps(report.verdict, &[report]),
        Err(_) => without_report(&output),
    }
}

async fn run(
    arguments: Vec<String>,
    directory: Option<&Path>,
    limit: Duration,
) -> Result<Output, Outcome> {
    let own = std::env::current_exe().map_err(|error| Outcome::failed(&error))?;
    let directory = directory.unwrap_or(Path::new("/")).to_owned();
    if !directory.is_dir() {
        let message = format!("there is no directory {}", directory.display());
        return Err(Outcome::Failed(message));
    }
    let program = Program::new(own)
        .args(arguments)
        .args(["--json", "--trigger", Trigger::Schedule.as_str()])
        .whole_environment()
        .directory(directory)
        .cap(CAP)
        .deadline(limit + GRACE);
    let stop = Arc::new(AtomicBool::new(false));
    let _stop = StopOnDrop(Arc::clone(&stop));
    let ran = on_own_thread(move || program.run_until(&stop)).await;
    match ran {
        Ok(Ok(Ok(output))) => Ok(output),
        Ok(Ok(Err(error))) => Err(Outcome::failed(&error)),
        Ok(Err(_)) => Err(Outcome::Failed("the program could not be watched".into())),
        Err(error) => Err(Outcome::failed(&error)),
    }
}

fn of_report(report: &Report) -> Outcome {
    of_steps(report.verdict, &report.steps)
}

/// Makes an outcome of what steps did: what failed decides, else what was done is told.
fn of_steps(verdict: Verdict, steps: &[StepReport]) -> Outcome {
    let told = |wanted: Verdict| {
        let lines = steps.iter().filter(|step| step.verdict == wanted);
        let lines: Vec<String> = lines
            .map(|step| format!("{}: {}", step.name, step.summary))
            .collect();
        clean_line(&lines.join("; "), TOLD)
    };
    match verdict {
        Verdict::Failed => Outcome::Failed(told(Verdict::Failed)),
        Verdict::Queued => {
            Outcome::done(format!("it will be tried again: {}", told(Verdict::Queued)))
        }
        Verdict::Done => Outcome::done(told(Verdict::Done)),
        Verdict::Skipped => Outcome::done("there was nothing to do"),
    }
}

/// Tells what a program said that printed no report, such as on a policy that it cannot read.
fn without_report(output: &Output) -> Outcome {
    let said = String::from_utf8_lossy(&output.stderr.bytes);
    let said = clean_line(&said, TOLD);
    let how = match output.ended {
        Ended::Code(code) => format!("it ended with exit code {code}"),
        Ended::Signal(signal) => format!("it was ended by signal {signal}"),
    };
    Outcome::Failed(if said.is_empty() {
        how
    } else {
        format!("{how}: {said}")
    })
}
