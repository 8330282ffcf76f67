//! What became of a request: the report says it, or the remote is asked again.

use gix::ObjectId;
use tracing::debug;

use crate::commands::RefUpdate;
use crate::discovery::discover;
use crate::error::PushError;
use crate::outcome::{Rejected, RejectedPart};
use crate::rejection::Rejection;
use crate::report_status::{ReportStatus, Unpack};
use crate::sanitize::{Redact, sanitize_line};
use crate::sideband::Answer;
use crate::transport::{Connection, Effect, SendError, Transport};

/// What the remote made of a request.
#[derive(Debug)]
pub(crate) enum Reported {
    /// The branch was updated; what the remote said beside.
    Updated(Vec<String>),
    /// The remote declined.
    Rejected(Rejected),
}

/// What an answer proves.
enum Proof {
    /// The branch was updated; what the remote said beside.
    Updated(Vec<String>),
    /// Not that, and what effect the request can have had.
    None(Why, Effect),
}

/// What is known of a request, once the remote was asked where the answer does not say it.
enum Settled<'t> {
    Known(Reported),
    /// The branch is where it was; the connection that the remote was asked on.
    Unmoved(Box<dyn Connection + 't>, Why),
}

/// Why nothing is proven.
enum Why {
    Rejected(Rejected),
    Error(PushError),
}

/// Sends a request and returns what became of it. Where a kept connection had ended and the remote has the branch where
/// it was, the request is sent once more.
pub(crate) fn exchange<'t>(
    transport: &'t dyn Transport,
    connection: Box<dyn Connection + 't>,
    update: &RefUpdate,
    mut send: impl FnMut(Box<dyn Connection + 't>) -> Result<Answer, SendError>,
) -> Result<Reported, PushError> {
    let mut connection = connection;
    let mut is_repeated = false;
    loop {
        let answer = send(connection);
        let may_repeat = !is_repeated
            && matches!(&answer, Err(failed) if failed.effect == Effect::ConnectionEnded);
        match settle(transport, answer, update)? {
            Settled::Known(reported) => return Ok(reported),
            Settled::Unmoved(next, _) if may_repeat => {
                debug!("a kept connection had ended: sending the request again");
                connection = next;
                connection.reconnect();
                is_repeated = true;
            }
            Settled::Unmoved(next, why) => {
                next.close();
                return why.told();
            }
        }
    }
}

/// Finds out what became of a request: by the answer, or because the remote has the branch there now.
fn settle<'t>(
    transport: &'t dyn Transport,
    answer: Result<Answer, SendError>,
    update: &RefUpdate,
) -> Result<Settled<'t>, PushError> {
    let proof = match answer {
        Ok(answer) => read_report(answer, update, transport.redact()),
        Err(SendError { error, effect }) => {
            Proof::None(Why::Error(PushError::Transport(error)), effect)
        }
    };
    match proof {
        Proof::Updated(messages) => Ok(Settled::Known(Reported::Updated(messages))),
        Proof::None(why, Effect::None) => why.told().map(Settled::Known),
        Proof::None(why, Effect::Unknown | Effect::ConnectionEnded) => {
            ask_again(transport, update, why)
        }
    }
}

/// Reads the report. Only `ok` for our ref is proof.
fn read_report(answer: Answer, update: &RefUpdate, redact: &dyn Redact) -> Proof {
    let unknown = |error| Proof::None(Why::Error(error), Effect::Unknown);
    let Ok(status) = ReportStatus::parse(&answer.report) else {
        return unknown(match answer.fatal {
            Some(said) => PushError::Fatal { said },
            None => PushError::Garbled,
        });
    };
    let ours = status.find(&update.name).map(|ours| &ours.rejected);
    let (part, reason) = match (&status.unpack, ours) {
        (Unpack::Failed(reason), _) => (RejectedPart::Pack, reason),
        (Unpack::Ok, Some(Some(reason))) => (RejectedPart::Ref, reason),
        (Unpack::Ok, Some(None)) => return Proof::Updated(answer.messages),
        (Unpack::Ok, None) => return unknown(PushError::Garbled),
    };
    let reason = sanitize_line(reason, redact);
    let kind = Rejection::of(&reason, &answer.messages);
    let branch = update.name.strip_prefix(b"refs/heads/");
    // Whoever held the lock may have pushed the same commit.
    let is_locked = part == RejectedPart::Ref && kind == Rejection::Lock;
    let effect = if is_locked {
        Effect::Unknown
    } else {
        Effect::None
    };
    let rejected = Rejected {
        branch: sanitize_line(branch.unwrap_or(&update.name), redact),
        part,
        kind,
        reason,
        messages: answer.messages,
    };
    Proof::None(Why::Rejected(rejected), effect)
}

/// Finds out on a new connection what became of a request whose report is missing.
fn ask_again<'t>(
    transport: &'t dyn Transport,
    update: &RefUpdate,
    why: Why,
) -> Result<Settled<'t>, PushError> {
    match &why {
        Why::Rejected(error) => debug!(%error, "asking the remote what became of the push"),
        Why::Error(error) => debug!(%error, "asking the remote what became of the push"),
    }
    let named = |id: ObjectId| (!id.is_null()).then_some(id);
    let (before, wanted) = (named(update.old), named(update.new));
    if let Ok((connection, advertisement)) =
        discover(transport, update.new.kind(), update.name.as_ref())
    {
        let tip = advertisement.find(&update.name);
        if tip == before {
            return Ok(Settled::Unmoved(connection, why));
        }
        connection.close();
        if tip == wanted {
            return Ok(Settled::Known(Reported::Updated(Vec::new())));
        }
    }
    match why {
        // The remote said what it did not do; only who held the lock could have done it.
        why @ Why::Rejected(_) => why.told().map(Settled::Known),
        // Somebody moved the branch meanwhile: whether it had our commit in between is not known.
        Why::Error(source) => Err(PushError::UnknownOutcome {
            source: Box::new(source),
        }),
    }
}

impl Why {
    fn told(self) -> Result<Reported, PushError> {
        match self {
            Self::Rejected(rejected) => Ok(Reported::Rejected(rejected)),
            Self::Error(error) => Err(error),
        }
    }
}
