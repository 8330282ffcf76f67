//! What of a run may be shown: one line, no secret, no control character.

use crate::reason::Reason;
use crate::report::StepReport;
use crate::secrets::{KnownSecrets, clean_line};

use super::ending::Ending;

/// The longest line that a report shows of a step, in characters.
const LONGEST: usize = 500;

/// Puts into the report how a step ended.
pub(super) fn tell(step: &mut StepReport, ending: Ending, secrets: &KnownSecrets) {
    step.verdict = ending.verdict();
    match ending {
        Ending::Done { summary, outputs } => {
            step.summary = show(&summary, secrets);
            (step.reason, step.advice) = (None, None);
            step.outputs = outputs;
        }
        Ending::Not {
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

/// Hides once more what a step said: a secret may have been learned since.
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

/// Makes a note fit to be shown.
pub(super) fn tell_note(note: &mut Reason, secrets: &KnownSecrets) {
    note.message = line(&note.message, secrets);
    note.advice = note.advice.as_deref().map(|advice| line(advice, secrets));
}

/// Makes what a step says fit to be shown: one line that is not too long.
fn show(text: &str, secrets: &KnownSecrets) -> String {
    let text = line(text, secrets);
    if text.chars().count() <= LONGEST {
        return text;
    }
    let mut short: String = text.chars().take(LONGEST).collect();
    short.push('…');
    short
}

/// Takes secrets and control characters out of a text, and makes it one line.
fn line(text: &str, secrets: &KnownSecrets) -> String {
    clean_line(&secrets.hide(text))
}
