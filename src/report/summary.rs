//! The verdict and the exit code of a report, from its steps.

use crate::exit::Exit;
use crate::reason::{Code, Reason};

use super::{Report, Verdict};

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
        let by_hand = self.trigger == "manual";
        let mut exit = exit_of_notes(&self.notes);
        for step in &self.steps {
            exit = exit.worst(match (step.verdict, step.reason) {
                // A bug is told, also where its work is tried again.
                (Verdict::Failed | Verdict::Queued, Some(Code::Internal)) => Exit::Internal,
                // A run whose time is over says so, whatever is tried again later.
                (Verdict::Failed, _) | (Verdict::Queued, Some(Code::Deadline)) => Exit::Failed,
                (Verdict::Skipped, Some(code)) if by_hand && is_easily_missed(code) => Exit::Failed,
                _ => Exit::Done,
            });
        }
        let any = |verdict| self.steps.iter().any(|step| step.verdict == verdict);
        if any(Verdict::Queued) && !any(Verdict::Done) {
            exit = exit.worst(Exit::Queued);
        }
        exit
    }
}

/// Says whether a person who ran the program would take a branch for pushed that is held for this.
const fn is_easily_missed(code: Code) -> bool {
    matches!(
        code,
        Code::OddBranchName
            | Code::TooManyCommits
            | Code::SecretInBranchName
            | Code::BranchPattern
            | Code::ForeignAuthor
            | Code::GuardedPath
            | Code::PrivateCommits
            | Code::TooManyFiles
    )
}

/// Returns the exit code that the notes of a report or a plan ask for.
pub fn exit_of_notes(notes: &[Reason]) -> Exit {
    let exits = notes.iter().map(|note| match note.code {
        Code::Deadline | Code::NotStarted => Exit::Failed,
        Code::BadInput => Exit::Usage,
        Code::PolicyError => Exit::Policy,
        Code::Sighup => Exit::HungUp,
        Code::Sigint => Exit::Interrupted,
        Code::Sigterm => Exit::Terminated,
        _ => Exit::Done,
    });
    exits.fold(Exit::Done, Exit::worst)
}
