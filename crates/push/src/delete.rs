//! The deletion of a branch, under a lease: a request without a pack.

use gix::ObjectId;

use crate::advertisement::Advertisement;
use crate::commands::{Negotiated, RefUpdate, RequestExtras, encode_request};
use crate::discovery::{check, discover};
use crate::error::PushError;
use crate::outcome::{Action, PushOutcome, Pushed};
use crate::report::{Reported, exchange};
use crate::request::PushRequest;
use crate::transport::{Connection, RequestBody, ResponseFormat};

/// Asks the remote to delete the branch, where it is at `expected`.
pub(crate) fn delete(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    expected: ObjectId,
) -> Result<PushOutcome, PushError> {
    let null = repo.object_hash().null();
    let name = request.branch.as_bstr().to_owned();
    let (connection, advertisement) =
        discover(request.transport, repo.object_hash(), name.as_ref())?;
    let Some(old) = advertisement.find(&name) else {
        connection.close();
        return Ok(PushOutcome::Pushed(Pushed {
            old: None,
            ..Pushed::up_to_date(null)
        }));
    };
    if old != expected {
        return Err(PushError::LeaseBroken {
            branch: request.branch.shorten().to_string(),
            remote: request.transport.remote().to_owned(),
            found: Some(old),
        });
    }
    check(&advertisement, request.push_options)?;
    if !advertisement.has_capability("delete-refs") {
        return Err(PushError::NoDeletions);
    }
    let update = RefUpdate {
        name,
        old,
        new: null,
    };
    let run = request.local.run_hook(Some(&update));
    run.map_err(PushError::LocalCheck)?;
    let reported = send(request, connection, &advertisement, &update)?;
    let messages = match reported {
        Reported::Updated(messages) => messages,
        Reported::Rejected(rejected) => return Ok(PushOutcome::Rejected(rejected)),
    };
    Ok(PushOutcome::Pushed(Pushed {
        action: Action::Deleted,
        old: Some(old),
        messages,
        ..Pushed::up_to_date(null)
    }))
}

/// Sends the request once it is confirmed, and returns what the remote reports.
fn send(
    request: &PushRequest<'_>,
    connection: Box<dyn Connection + '_>,
    advertisement: &Advertisement,
    update: &RefUpdate,
) -> Result<Reported, PushError> {
    let negotiated = Negotiated::from_advertisement(advertisement);
    let extras = RequestExtras {
        shallow: &[],
        push_options: request.push_options,
        agent: request.agent,
    };
    let head = encode_request(std::slice::from_ref(update), &negotiated, extras);
    let head = head.map_err(PushError::Request)?;
    (request.confirm)(&update.name, advertisement).map_err(PushError::NotConfirmed)?;
    exchange(request.transport, connection, update, |mut connection| {
        connection.send_pack(RequestBody {
            head: &head,
            // A deletion has none.
            pack: &mut |_| Ok(()),
            handed_over: &mut || request.progress.pack_ended(),
            form: ResponseFormat {
                side_band: negotiated.side_band,
                redact: request.transport.redact(),
            },
        })
    })
}
