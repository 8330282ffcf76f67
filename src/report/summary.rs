//! The verdict and the exit code that a report's steps add up to.

use crate::exit::Exit;

use super::{Report, Verdict};

/// The stable code of a step that ended in a bug of ours.
pub(super) const INTERNAL: &str = "internal";
/// The stable code of a step that a broken policy stopped.
pub(super) const POLICY: &str = "policy-error";
/// The stable codes of the notes that a signal ended the run.
const SIGNALS: [(&str, Exit); 3] = [
    ("sighup", Exit::HungUp),
    ("sigint", Exit::Interrupted),
    ("sigterm", Exit::Terminated),
];
/// The stable code of the note that the task document could not be used.
pub const BAD_INPUT: &str = "bad-input";
/// The stable code of a note that the run's deadline passed outside its steps.
const DEADLINE: &str = "deadline";

impl Report {
    /// Sets verdict and exit code from the steps and notes: 78 > 70 > 1 > 64 > 75 > 0.
    pub fn conclude(&mut self) {
        let exit = self.exit();
        self.exit_code = exit.code();
        self.verdict = match exit {
            Exit::Done
                if self
                    .steps
                    .iter()
                    .all(|step| step.verdict == Verdict::Skipped) =>
            {
                Verdict::Skipped
            }
            Exit::Done => Verdict::Done,
            Exit::Queued => Verdict::Queued,
            _ => Verdict::Failed,
        };
    }

    /// Returns the exit code that the steps ask for.
    pub fn exit(&self) -> Exit {
        let mut exit = Exit::Done;
        for step in &self.steps {
            let reason = step.reason.as_deref();
            exit = exit.worst(match step.verdict {
                Verdict::Failed if reason == Some(INTERNAL) => Exit::Internal,
                Verdict::Failed => Exit::Failed,
                _ => Exit::Done,
            });
        }
        let any = |verdict| self.steps.iter().any(|step| step.verdict == verdict);
        if any(Verdict::Queued) && !any(Verdict::Done) {
            exit = exit.worst(Exit::Queued);
        }
        if self.notes.iter().any(|note| note.code == DEADLINE) {
            exit = exit.worst(Exit::Failed);
        }
        if self.notes.iter().any(|note| note.code == BAD_INPUT) {
            exit = exit.worst(Exit::Usage);
        }
        if self.notes.iter().any(|note| note.code == POLICY) {
            exit = exit.worst(Exit::Policy);
        }
        for (code, signal) in SIGNALS {
            if self.notes.iter().any(|note| note.code == code) {
                exit = exit.worst(signal);
            }
        }
        exit
    }
}
