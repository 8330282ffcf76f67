//! The transfer: an update request and its pack on the way to the remote, and what became of them.

use std::io::{self, Write};

use tracing::debug;

use crate::commands::RefUpdate;
use crate::error::PushError;
use crate::limit::Limited;
use crate::objects::Selection;
use crate::outcome::{Action, PushOutcome, Pushed};
use crate::pack::{PackError, PackOptions, PackStats, Writer, write_from};
use crate::report::{Reported, exchange};
use crate::request::PushRequest;
use crate::store::Reader;
use crate::transport::{Connection, Effect, RequestBody, ResponseFormat, SendError};

/// What is packed, and what is packed of it already.
pub(crate) struct OutgoingPack<'a, 'o> {
    pub(crate) reader: &'a Reader,
    pub(crate) selection: &'a Selection,
    pub(crate) options: PackOptions,
    /// Used where its options are the usual ones.
    pub(crate) speculative: Option<Writer<'a, 'o>>,
}

impl OutgoingPack<'_, '_> {
    /// Writes it, up to the size that a push may have.
    fn write_limited(
        &mut self,
        out: &mut dyn Write,
        request: &PushRequest<'_>,
    ) -> Result<PackStats, Cut> {
        let mut out = Limited::new(out, request.push_size, request.progress);
        self.write(&mut out, request).map_err(|error| match error {
            PackError::Write(error) if !out.is_exceeded() => Cut::Connection(error),
            PackError::Write(_) => Cut::Here(PushError::PushSize {
                limit: request.push_size,
            }),
            error => Cut::Here(error.into()),
        })
    }

    /// Writes it. The speculative pack is used once: written again, the pack is made anew.
    fn write(
        &mut self,
        out: &mut dyn Write,
        request: &PushRequest<'_>,
    ) -> Result<PackStats, PackError> {
        if let Some(writer) = self.speculative.take()
            && self.options == PackOptions::USUAL
        {
            return writer.write_to(out, request.stop);
        }
        let (selection, progress) = (self.selection, request.progress);
        write_from(
            out,
            self.reader,
            selection,
            self.options,
            progress,
            request.stop,
        )
    }
}

/// Why a pack was not written to its end.
enum Cut {
    /// The connection did not take it.
    Connection(io::Error),
    /// It cannot be made, or is larger than it may be.
    Here(PushError),
}

/// Sends an update request with its pack, and finds out what became of it.
pub(crate) fn transfer(
    request: &PushRequest<'_>,
    connection: Box<dyn Connection + '_>,
    head: &[u8],
    mut pack: OutgoingPack<'_, '_>,
    form: ResponseFormat<'_>,
    update: &RefUpdate,
) -> Result<PushOutcome, PushError> {
    debug!(
        remote = request.transport.remote(),
        objects = pack.selection.objects.len(),
        "sending"
    );
    let mut stats = PackStats::default();
    let mut failed = None;
    let reported = exchange(request.transport, connection, update, |mut connection| {
        let mut write = |out: &mut dyn Write| match pack.write_limited(out, request) {
            Ok(written) => {
                stats = written;
                Ok(())
            }
            Err(Cut::Connection(error)) => Err(error),
            Err(Cut::Here(error)) => {
                failed = Some(error);
                Err(io::Error::other("the pack ends here"))
            }
        };
        let answer = connection.send_pack(RequestBody {
            head,
            pack: &mut write,
            handed_over: &mut || request.progress.pack_ended(),
            form,
        });
        // A pack that was cut short is taken by no server.
        match answer {
            Err(error) if failed.is_some() => Err(SendError {
                effect: Effect::None,
                ..error
            }),
            answer => answer,
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let messages = match reported? {
        Reported::Updated(messages) => messages,
        Reported::Rejected(rejected) => return Ok(PushOutcome::Rejected(rejected)),
    };
    Ok(PushOutcome::Pushed(pushed(update, &stats, messages)))
}

fn pushed(update: &RefUpdate, stats: &PackStats, messages: Vec<String>) -> Pushed {
    let old = (!update.old.is_null()).then_some(update.old);
    Pushed {
        action: if old.is_some() {
            Action::Updated
        } else {
            Action::Created
        },
        old,
        new: update.new,
        bytes: stats.bytes,
        objects: stats.objects,
        messages,
        listed: 0,
    }
}
