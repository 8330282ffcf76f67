//! What was kept, for people: the status, the history, one run as bars on a time line.

use std::fmt::Write;

use crate::clock::to_the_second;
use crate::exit::Exit;
use crate::reason::Reason;
use crate::report::{Report, StepReport};
use crate::secrets::clean;
use crate::store::{RunSummary, StoreError};
use crate::worker::{BranchAtHand, Status, WaitingRun};

use crate::cli::output::eprint;

/// How many characters a run's whole time takes.
const BAR_WIDTH: u64 = 40;

/// Says why the store cannot be used.
pub(in crate::cli) fn store_error(error: &StoreError) -> Exit {
    eprint(&format!("{}\n-> {}", error.told(), error.advice()));
    Exit::Failed
}

/// Renders the status.
pub(in crate::cli) fn status(status: &Status) -> String {
    let mut text = String::new();
    for waiting in &status.handed_over {
        let next = match (&waiting.reason, waiting.not_before) {
            (Some(reason), Some(at)) => format!(
                "put off ({reason}); tried again after {}, or now with: sendoff flush",
                to_the_second(at)
            ),
            _ => "a worker is at it, or `sendoff flush` does it now".into(),
        };
        line(
            &mut text,
            format_args!("handed over  {}: {next}", whose(waiting)),
        );
    }
    for given_up in &status.given_up {
        line(
            &mut text,
            format_args!(
                "given up     {}: {}; to try once more: sendoff flush {}",
                whose(given_up),
                given_up.reason.as_deref().unwrap_or_default(),
                given_up.run_id,
            ),
        );
    }
    for branch in &status.pending {
        line(
            &mut text,
            format_args!(
                "pending      {} in {}, since {}: {} ({})",
                branch.branch,
                branch.repository.display(),
                to_the_second(branch.since),
                branch.summary,
                branch.reason,
            ),
        );
        line(
            &mut text,
            format_args!(
                "             -> tried {} so far; tried again after {}, or now with: sendoff flush",
                times(branch.attempts),
                to_the_second(branch.not_before)
            ),
        );
    }
    if status.outbox.waiting > 0 {
        let waiting = status.outbox.waiting;
        let messages = if waiting == 1 {
            "message waits"
        } else {
            "messages wait"
        };
        line(
            &mut text,
            format_args!(
                "outbox       {waiting} {messages} for the platform; see: sendoff outbox list"
            ),
        );
    }
    for dead in &status.dead {
        line(
            &mut text,
            format_args!(
                "dead         {} {} of {}: {}; see: sendoff outbox show {}",
                dead.message.kind.as_str(),
                dead.id,
                to_the_second(dead.created_at),
                dead.reason.as_deref().unwrap_or("refused"),
                dead.id,
            ),
        );
    }
    for reason in &status.set_aside {
        damaged(&mut text, reason);
    }
    if let Some(branch) = &status.branch {
        at_hand(&mut text, branch);
    }
    if status.is_out {
        line(&mut text, format_args!("everything is out"));
    } else if status.exit() == Exit::Done {
        line(&mut text, format_args!("nothing waits"));
    }
    if let Some(run) = &status.last_run {
        line(
            &mut text,
            format_args!(
                "last run     {} at {}: {}; see: sendoff history {}",
                run.pipeline,
                to_the_second(run.started_at),
                run.verdict.as_str(),
                short(&run.run_id)
            ),
        );
    }
    text
}

/// Adds a damaged store that was set aside.
fn damaged(text: &mut String, reason: &Reason) {
    line(text, format_args!("damaged      {}", reason.message));
    if let Some(advice) = &reason.advice {
        line(text, format_args!("             -> {advice}"));
    }
}

/// Adds the branch that HEAD is on, and what would ship it.
fn at_hand(text: &mut String, branch: &BranchAtHand) {
    let name = branch.branch.as_deref().unwrap_or("HEAD");
    let Some(reason) = &branch.held else {
        let commits = match branch.commits {
            1 => "1 commit".to_owned(),
            count => format!("{count} commits"),
        };
        line(
            text,
            format_args!("not pushed   {name}: {commits}, and nothing was handed over"),
        );
        line(text, format_args!("             -> sendoff run"));
        return;
    };
    line(
        text,
        format_args!("not pushed   {name}: {} ({})", reason.message, reason.code),
    );
    if let Some(advice) = &reason.advice {
        line(text, format_args!("             -> {advice}"));
    }
}

/// Names what was handed over.
fn whose(run: &WaitingRun) -> String {
    let branch = if run.branch.is_empty() {
        "what HEAD names"
    } else {
        &run.branch
    };
    let (repository, since) = (run.repository.display(), to_the_second(run.since));
    format!("{branch} in {repository}, by {} at {since}", run.surface)
}

/// Renders runs, a line each.
pub(in crate::cli) fn history(runs: &[RunSummary]) -> String {
    let mut text = String::new();
    for run in runs {
        line(
            &mut text,
            format_args!(
                "{}  {:<7}  {}  {:>6} ms  {}  {}",
                short(&run.run_id),
                run.verdict,
                to_the_second(run.started_at),
                run.duration_ms,
                run.pipeline,
                run.slot.branch,
            ),
        );
    }
    text
}

/// Renders runs as JSON, a line each.
pub(in crate::cli) fn history_json(runs: &[RunSummary]) -> String {
    let lines = runs.iter().map(|run| {
        serde_json::json!({
            "run_id": run.run_id,
            "repository": run.slot.repository.to_string_lossy(),
            "branch": run.slot.branch,
            "pipeline": run.pipeline,
            "trigger": run.surface,
            "verdict": run.verdict,
            "started_at": run.started_at,
            "duration_ms": run.duration_ms,
        })
        .to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Renders one run: a bar for each step, where it began and how long it took.
pub(in crate::cli) fn timeline(report: &Report) -> String {
    let mut text = String::new();
    line(
        &mut text,
        format_args!(
            "{}  {}  {} by {} at {}, {} ms",
            report.run_id,
            report.verdict.as_str(),
            report.pipeline,
            report.trigger,
            to_the_second(report.started_at),
            report.duration_ms
        ),
    );
    let longest = report.steps.iter().map(|step| step.name.chars().count());
    let names = longest.max().unwrap_or(0);
    for step in &report.steps {
        line(
            &mut text,
            format_args!(
                "{:names$}  |{}|  {:>6} ms  {:<7}  {}",
                step.name,
                bar(report, step),
                step.duration_ms,
                step.verdict.as_str(),
                step.summary
            ),
        );
    }
    text
}

/// Draws a step's share of the run's time; at least a mark where it took none.
fn bar(report: &Report, step: &StepReport) -> String {
    let all = report.duration_ms.max(1);
    let began = step.started_at.map(|at| {
        let before = at.duration_since(report.started_at).as_millis();
        u64::try_from(before).unwrap_or(0).min(all)
    });
    let Some(began) = began else {
        return " ".repeat(usize::try_from(BAR_WIDTH).unwrap_or(0));
    };
    let at = |ms: u64| ms.min(all) * BAR_WIDTH / all;
    let first = at(began).min(BAR_WIDTH - 1);
    let last = at(began + step.duration_ms).max(first + 1);
    (0..BAR_WIDTH)
        .map(|column| {
            if (first..last).contains(&column) {
                '█'
            } else {
                ' '
            }
        })
        .collect()
}

fn times(count: u32) -> String {
    match count {
        1 => "once".into(),
        count => format!("{count} times"),
    }
}

/// Shortens an id to as much as tells runs apart.
pub(super) fn short(id: &str) -> &str {
    id.get(..23).unwrap_or(id)
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Names of branches and steps are not trusted. Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{}", clean(&words.to_string()));
}
