//! Renders a report for people: a line for each step, with its advice below.

use std::fmt::Write;

use crate::cli::colour::{Colour, Paint};
use crate::reason::Code;
use crate::report::{Report, StepReport, Verdict};

/// How much to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Detail {
    /// Every step that is set up, with its advice.
    Normal,
    /// Every step, with its advice.
    EveryStep,
    /// Every step, with its advice and outputs.
    Verbose,
}

impl Detail {
    /// Returns the detail that `-v` asks for.
    pub(in crate::cli) const fn of(verbose: bool) -> Self {
        if verbose { Self::Verbose } else { Self::Normal }
    }
}

/// Codes that only say that something is not set up here: shown with `-v` only.
const QUIET: &[Code] = &[
    Code::NoPlatform,
    Code::NoInput,
    Code::NoContent,
    Code::NoPrompt,
    Code::Disabled,
];

/// Renders a report. Empty when no step is shown. Only the verdicts are coloured.
pub(in crate::cli) fn human(report: &Report, detail: Detail, paint: Paint) -> String {
    let shown: Vec<&StepReport> = report
        .steps
        .iter()
        .filter(|step| detail != Detail::Normal || !is_quiet(step))
        .collect();
    let width = shown
        .iter()
        .map(|step| step.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for step in shown {
        let (mark, colour) = match step.verdict {
            Verdict::Done => ("done   ", Colour::Green),
            Verdict::Skipped => ("skipped", Colour::Faint),
            Verdict::Queued => ("queued ", Colour::Yellow),
            Verdict::Failed => ("failed ", Colour::Red),
        };
        let mark = paint.word(mark, colour);
        line(
            &mut text,
            format_args!("{mark}  {:width$}  {}", step.name, step.summary),
        );
        extras(&mut text, step, detail, width);
    }
    for note in &report.notes {
        let mark = paint.word("note", Colour::Yellow);
        line(&mut text, format_args!("{mark}     {}", note.message));
        if let Some(advice) = &note.advice {
            line(&mut text, format_args!("         -> {advice}"));
        }
    }
    text
}

fn extras(text: &mut String, step: &StepReport, detail: Detail, width: usize) {
    let pad = 11 + width;
    let list = |key: &str| {
        step.outputs
            .get(key)
            .and_then(|value| value.as_array())
            .into_iter()
            .flatten()
    };
    for message in list("messages").filter_map(|value| value.as_str()) {
        line(text, format_args!("{:pad$}remote: {message}", ""));
    }
    for message in list("hook-output").filter_map(|value| value.as_str()) {
        line(text, format_args!("{:pad$}hook: {message}", ""));
    }
    for warning in list("warnings").filter_map(|value| value.as_str()) {
        line(text, format_args!("{:pad$}warning: {warning}", ""));
    }
    if let Some(advice) = &step.advice {
        line(text, format_args!("{:pad$}-> {advice}", ""));
    }
    if detail == Detail::Verbose {
        if let Some(reason) = &step.reason {
            line(text, format_args!("{:pad$}reason: {reason}", ""));
        }
        for (key, value) in &step.outputs {
            if !["messages", "hook-output", "warnings"].contains(&key.as_str()) {
                line(text, format_args!("{:pad$}{key}: {value}", ""));
            }
        }
        line(
            text,
            format_args!("{:pad$}took {} ms", "", step.duration_ms),
        );
    }
}

/// Says whether a step was skipped because it is not set up.
pub(in crate::cli) fn is_quiet(step: &StepReport) -> bool {
    step.verdict == Verdict::Skipped && step.reason.is_some_and(is_quiet_reason)
}

/// Says whether a step is skipped for this because it is not set up.
pub(super) fn is_quiet_reason(reason: Code) -> bool {
    QUIET.contains(&reason)
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{words}");
}
