//! Sanitises the texts of a run for the report: one line each, no secrets, no control characters.

use crate::reason::Reason;
use crate::report::StepReport;
use crate::secrets::{KnownSecrets, clean_line};
use crate::text::ellipsize;

use super::step_end::StepEnd;

/// The longest summary of a step in a report, in characters.
const MAX_SUMMARY_LENGTH: usize = 500;

/// Sets the end of a step in its entry of the report.
pub(super) fn set_end(step: &mut StepReport, step_end: StepEnd, secrets: &KnownSecrets) {
    step.verdict = step_end.verdict();
    match step_end {
        StepEnd::Done { summary, outputs } => {
            step.summary = summary_line(&summary, secrets);
            (step.reason, step.advice) = (None, None);
            step.outputs = outputs;
        }
        StepEnd::NotDone {
            reason, outputs, ..
        } => {
            step.summary = summary_line(&reason.message, secrets);
            step.reason = Some(reason.code);
            step.advice = reason
                .advice
                .as_deref()
                .map(|advice| summary_line(advice, secrets));
            step.outputs = outputs;
        }
    }
    for value in step.outputs.values_mut() {
        // Control characters stay, because a prompt needs its lines: JSON and the renderers escape them.
        secrets.hide_json(value);
    }
}

/// Redacts a step's texts again, because further secrets can have become known.
pub(super) fn redact_again(step: &mut StepReport, secrets: &KnownSecrets) {
    step.summary = secrets.hide(&step.summary).into_owned();
    step.advice = step
        .advice
        .as_deref()
        .map(|advice| secrets.hide(advice).into_owned());
    for value in step.outputs.values_mut() {
        secrets.hide_json(value);
    }
}

/// Sanitises a note.
pub(super) fn sanitize_note(note: &mut Reason, secrets: &KnownSecrets) {
    note.message = line(&note.message, secrets);
    note.advice = note.advice.as_deref().map(|advice| line(advice, secrets));
}

/// Sanitises a summary and truncates it.
fn summary_line(text: &str, secrets: &KnownSecrets) -> String {
    ellipsize(&line(text, secrets), MAX_SUMMARY_LENGTH).into_owned()
}

/// Removes secrets and control characters from a text, and puts it on one line.
fn line(text: &str, secrets: &KnownSecrets) -> String {
    clean_line(&secrets.hide(text))
}
