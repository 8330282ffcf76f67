//! The step's outcome in the report.

use jiff::Timestamp;

use crate::forge::{BlockState, NewPullRequest, Opened, PullRequest, Readiness};
use crate::pipeline::{ErrorKind, Outcome, Outputs, StepError};
use crate::reason::Code;

use super::current::Kept;

/// Makes the outcome for a pull request that was open already.
pub(super) fn kept_current(found: &PullRequest, kept: &Kept) -> Outcome {
    let number = found.number;
    let news = match (kept.is_ready_now, kept.block) {
        (true, _) => ", and is ready for review now",
        (false, Some(BlockState::Updated)) => ", and its body is brought up to date",
        _ => "",
    };
    let mut found = found.clone();
    if kept.block == Some(BlockState::Broken) {
        found.warnings.push(
            "one of sendoff's two comments in its body is missing or doubled, so the body is left alone: restore both, or \
             remove both"
                .into(),
        );
    }
    if kept.is_ready_now {
        found.readiness = Readiness::Ready;
    }
    let mut outcome = done(
        "found",
        &found,
        &format!("#{number} was open already{news}"),
    );
    if let (Some(state), Outcome::Done { outputs, .. }) = (kept.block, &mut outcome) {
        outputs.insert("body".into(), state.as_str().into());
    }
    outcome
}

/// Makes the outcome for a pull request, with its URL.
pub(super) fn done(action: &str, pull_request: &PullRequest, summary: &str) -> Outcome {
    let mut outputs = Outputs::new();
    outputs.insert("action".into(), action.into());
    outputs.insert("number".into(), pull_request.number.into());
    outputs.insert("url".into(), pull_request.url.clone().into());
    outputs.insert("base".into(), pull_request.base.as_str().into());
    let is_draft = pull_request.readiness == Readiness::Draft;
    outputs.insert("draft".into(), is_draft.into());
    if !pull_request.warnings.is_empty() {
        outputs.insert("warnings".into(), pull_request.warnings.clone().into());
    }
    Outcome::Done {
        summary: format!("{summary}: {}", pull_request.url),
        outputs,
    }
}

/// Makes the error of a forge that accepts no request yet.
pub(super) fn paused(until: Timestamp) -> StepError {
    let message = format!("the forge wants no request before {until}");
    StepError::new(ErrorKind::Transient, Code::RateLimited, message).not_before(until)
}

/// Returns what the request for a pull request led to.
pub(super) fn of_opened(
    opened: Opened,
    request: &NewPullRequest,
    warnings: Vec<String>,
) -> Outcome {
    match opened {
        Opened::Created(mut new) => {
            new.warnings.extend(warnings);
            done("created", &new, &format!("#{} is open", new.number))
        }
        Opened::Found(old) => done("found", &old, &format!("#{} was open already", old.number)),
        Opened::NothingToDo => {
            let (branch, base) = (&request.head.branch, &request.base);
            Outcome::skipped(
                Code::NothingBetween,
                format!("{branch} has no commits that {base} lacks"),
            )
        }
    }
}
