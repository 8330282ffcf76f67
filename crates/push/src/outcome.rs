//! What became of a push: the report says it, or the remote is asked again.

use tracing::debug;

use super::answer::Answer;
use super::clean::{Hide, clean_line};
use super::commands::RefUpdate;
use super::conversation::advertised;
use super::error::PushError;
use super::rejection::Rejection;
use super::status::{Status, Unpack};
use super::transport::{Effect, Failed, Service, Transport};

/// Returns what the remote said beside, where the push arrived: by its answer, or because it has the branch there now.
pub(super) fn settle(
    transport: &dyn Transport,
    answer: Result<Answer, Failed>,
    update: &RefUpdate,
) -> Result<Vec<String>, PushError> {
    answer
        .and_then(|answer| judge(answer, update, transport.hide()))
        .or_else(|failed| ask_again(transport, update, failed))
}

/// Reads the report. Only `ok` for our ref is proof.
fn judge(answer: Answer, update: &RefUpdate, hide: &dyn Hide) -> Result<Vec<String>, Failed> {
    let Ok(status) = Status::parse(&answer.report) else {
        let error = match answer.fatal {
            Some(said) => PushError::Fatal { said },
            None => PushError::Garbled,
        };
        return Err(Failed::unknown(error));
    };
    let messages = answer.messages;
    if let Unpack::Failed(reason) = &status.unpack {
        let reason = clean_line(reason, hide);
        return Err(Failed::without_effect(PushError::Unpack {
            kind: Rejection::of(&reason, &messages),
            reason,
            messages,
        }));
    }
    let Some(ours) = status.find(&update.name) else {
        return Err(Failed::unknown(PushError::Garbled));
    };
    let Some(reason) = &ours.rejected else {
        return Ok(messages);
    };
    let reason = clean_line(reason, hide);
    let kind = Rejection::of(&reason, &messages);
    let branch = update.name.strip_prefix(b"refs/heads/");
    let error = PushError::Rejected {
        branch: clean_line(branch.unwrap_or(&update.name), hide),
        kind,
        reason,
        messages,
    };
    // Whoever held the lock may have pushed the same commit.
    Err(if kind == Rejection::Lock {
        Failed::unknown(error)
    } else {
        Failed::without_effect(error)
    })
}

/// Finds out on a new connection what became of a push whose answer is missing.
fn ask_again(
    transport: &dyn Transport,
    update: &RefUpdate,
    failed: Failed,
) -> Result<Vec<String>, PushError> {
    let Failed { error, effect } = failed;
    if effect == Effect::None {
        return Err(*error);
    }
    debug!(%error, "asking the remote what became of the push");
    let asked = transport.open(Service::ReceivePack).and_then(|mut link| {
        let advertisement = advertised(transport, &mut *link, update.new.kind())?;
        link.leave();
        Ok(advertisement.find(&update.name))
    });
    let before = (!update.old.is_null()).then_some(update.old);
    match asked {
        Ok(Some(tip)) if tip == update.new => Ok(Vec::new()),
        Ok(tip) if tip == before => Err(*error),
        // The remote said what it did not do; only who held the lock could have done it.
        Ok(_) | Err(_) if matches!(*error, PushError::Rejected { .. }) => Err(*error),
        // Somebody moved the branch meanwhile: whether ours was there in between is not known.
        Ok(_) | Err(_) => Err(PushError::UnknownOutcome { source: error }),
    }
}
