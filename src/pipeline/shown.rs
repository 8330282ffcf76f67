//! Sanitises the texts of a run for the report: one line each, no secrets, no control characters.

use crate::reason::Reason;
use crate::report::StepReport;
use crate::secrets::{KnownSecrets, clean_line};

use super::step_end::StepEnd;

/// The longest summary of a step in a report, in characters.
const MAX_SUMMARY_LENGTH: usize = 500;

/// Sets how a step ended in its entry of the report.
pub(super) fn tell(step: &mut StepReport, step_end: StepEnd, secrets: &KnownSecrets) {
    step.verdict = step_end.verdict();
    match step_end {
        StepEnd::Done { summary, outputs } => {
            step.summary = show(&summary, secrets);
            (step.reason, step.advice) = (None, None);
            step.outputs = outputs;
        }
        StepEnd::Not {
            reason, outputs, ..
        } => {
            step.summary = show(&reason.message, secrets);
            step.reason = Some(reason.code);
            step.advice = reason.advice.as_deref().map(|advice| show(advice, secrets));
            step.outputs = outputs;
        }
    }
    for value in step.outputs.values_mut() {
        // Their control characters are escaped by JSON, and by who shows them: a prompt keeps its lines.
        secrets.hide_json(value);
    }
}

/// Hides the secrets in a step's texts again: some can have been learned since.
pub(super) fn tell_again(step: &mut StepReport, secrets: &KnownSecrets) {
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
pub(super) fn tell_note(note: &mut Reason, secrets: &KnownSecrets) {
    note.message = line(&note.message, secrets);
    note.advice = note.advice.as_deref().map(|advice| line(advice, secrets));
}

/// Sanitises a summary and truncates it.
fn show(text: &str, secrets: &KnownSecrets) -> String {
    let text = line(text, secrets);
    if text.chars().count() <= MAX_SUMMARY_LENGTH {
        return text;
    }
    let mut short: String = text.chars().take(MAX_SUMMARY_LENGTH).collect();
    short.push('…');
    short
}

/// Removes secrets and control characters from a text, and puts it on one line.
fn line(text: &str, secrets: &KnownSecrets) -> String {
    clean_line(&secrets.hide(text))
}
