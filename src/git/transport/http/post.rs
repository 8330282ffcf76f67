//! The POST of a push: buffered and repeatable up to `http.postBuffer`, else streamed while the pack is made.

use std::mem::take;
use std::sync::mpsc;
use std::thread;

use sendoff_push::sideband::Answer;
use sendoff_push::{Effect, RequestBody, ResponseFormat, SendError};
use tokio::sync::mpsc::{Receiver, channel};
use tracing::debug;

use crate::git::transport::TransportError;
use crate::net::Challenges;

use super::HttpConnection;
use super::body::{
    Chunk, ChunkReceiver, ChunkWriter, CloseOnDrop, CollectedBody, StreamedBody, Upload,
};
use super::posted::Posted;
use super::probe::ChunksTaken;
use super::spool::{Spool, Spooled};

/// How many chunks of the pack may be buffered in the channel.
const CHUNKS_IN_FLIGHT: usize = 16;

/// How the pack was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Whole,
    /// The connection accepted no more.
    Cut,
    /// The push gave up.
    GivenUp,
}

/// Returns what a request whose connection was lost can have done: no server takes a part of a pack.
fn effect_of_disconnect(upload: &Upload) -> Effect {
    if upload.is_handed_over() {
        Effect::Unknown
    } else {
        Effect::None
    }
}

impl HttpConnection<'_> {
    /// Sends the request while the pack is written, and returns the answer. Where the server takes no body of unknown
    /// length, the pack is made again, kept whole, and sent with its length. Where only a proxy had refused it, and another
    /// login for that is found, it is made again, too.
    pub(super) fn push(&mut self, mut request: RequestBody<'_>) -> Result<Answer, SendError> {
        let (sent, written) = self.send_once(&mut request);
        match sent {
            Err(_) if written != Written::GivenUp && self.wants_length => {
                debug!("the server takes no body of unknown length");
                self.send_once(&mut request).0
            }
            Err(_) if written != Written::GivenUp && take(&mut self.has_new_proxy_login) => {
                self.send_once(&mut request).0
            }
            sent => sent,
        }
    }

    fn send_once(&mut self, request: &mut RequestBody<'_>) -> (Result<Answer, SendError>, Written) {
        let (head, form) = (request.head, request.form);
        let (sender, receiver) = channel(CHUNKS_IN_FLIGHT);
        let (told, handed_over) = mpsc::channel();
        thread::scope(|scope| {
            // The pack is made here, because the repository stays on its thread.
            let upload = CloseOnDrop(Upload::new(Some(told)));
            let transfer = move || self.transfer(receiver, form, &upload.0);
            let network = match thread::Builder::new().spawn_scoped(scope, transfer) {
                Ok(network) => network,
                Err(refused) => {
                    let refused = TransportError::Runtime(refused.into());
                    return (Err(SendError::without_effect(refused)), Written::GivenUp);
                }
            };
            let mut out = ChunkWriter::new(sender);
            let written =
                std::io::Write::write_all(&mut out, head).and_then(|()| (request.pack)(&mut out));
            let how = match &written {
                Ok(()) => Written::Whole,
                Err(_) if out.is_broken() => Written::Cut,
                Err(_) => Written::GivenUp,
            };
            let written = written.and_then(|()| out.end());
            if written.is_ok() {
                // Nothing is sent on this channel: it closes when the last byte has left, or none will.
                let _ended = handed_over.recv();
                (request.handed_over)();
            }
            let answered = network
                .join()
                .unwrap_or_else(|_| Err(SendError::unknown(TransportError::Garbled)));
            let answered = match (answered, how) {
                // The push gave up, and has the reason: the server does not apply a part of a pack.
                (_, Written::GivenUp) => Err(SendError::without_effect(TransportError::Lost)),
                // Cut short by the connection: no server takes a part of a pack either.
                (Err(failed), Written::Cut) => Err(SendError {
                    effect: Effect::None,
                    ..failed
                }),
                (answered, _) => answered,
            };
            (answered, how)
        })
    }

    /// Buffers the request up to `http.postBuffer` and sends it with its length; a larger one is streamed.
    fn transfer(
        &mut self,
        mut chunks: Receiver<Chunk>,
        form: ResponseFormat<'_>,
        upload: &Upload,
    ) -> Result<Answer, SendError> {
        let kept_at_most = if self.wants_length {
            u64::MAX
        } else {
            self.post_buffer
        };
        let mut first = Spool::default();
        let mut complete = false;
        while first.len() <= kept_at_most && !complete {
            match chunks.blocking_recv() {
                Some(Chunk::Data(bytes)) => first.push(&bytes).map_err(|error| {
                    SendError::without_effect(TransportError::Spool(error.into()))
                })?,
                Some(Chunk::End) => complete = true,
                None => return Err(SendError::without_effect(TransportError::Lost)),
            }
        }
        let first = first.finish();
        if complete {
            return self.post_collected(&first, form, upload.clone());
        }
        // A streamed request cannot be repeated, so an empty one settles the login first.
        if !self.auth.is_known() {
            self.probe().map_err(SendError::without_effect)?;
        }
        let chunks = ChunkReceiver::new(chunks);
        let body = StreamedBody::new(first, chunks.clone(), upload.clone(), self.idle.clone());
        let request = self.post().stream(body);
        let posted = self.post_once(request, form);
        // The writer must not wait for a connection that was given up.
        chunks.close();
        let is_ours = chunks.are_unfinished();
        match posted? {
            Posted::LengthRequired(error) => {
                self.wants_length = true;
                Err(SendError::without_effect(error))
            }
            Posted::Answer(answer) => Ok(answer),
            Posted::ProxyRefused(refusal) => {
                let error = self.client.proxy_error(refusal.clone());
                let another = self.client.proxy_refused(&self.base, refusal);
                another.map_err(SendError::without_effect)?;
                self.has_new_proxy_login = true;
                Err(SendError::without_effect(error))
            }
            // It cannot be repeated, but the helpers are told that the login was refused, and the next push asks them
            // first.
            Posted::Unauthorized(offered, said) => {
                self.auth.heard(said);
                Err(SendError::without_effect(self.login_failed(&offered)))
            }
            // A server that refuses the login may close the connection before its response is read.
            Posted::Disconnected(error) if is_ours => Err(SendError::unknown(error)),
            Posted::Disconnected(error) => match self.offered_instead() {
                None => Err(self.lost_in_stream(error, upload)),
                Some(offered) => Err(SendError {
                    error: self.login_failed(&offered).into(),
                    effect: effect_of_disconnect(upload),
                }),
            },
        }
    }

    /// Finds out whether the length that it lacked is why a streamed request was cut off.
    fn lost_in_stream(&mut self, error: TransportError, upload: &Upload) -> SendError {
        if !self.has_chunks {
            return SendError::unknown(error);
        }
        let may_be_done = upload.is_handed_over();
        self.wants_length = match self.chunks_taken() {
            ChunksTaken::Refused => true,
            // A server that did not say so may have carried the request out.
            ChunksTaken::Cut => !may_be_done,
            ChunksTaken::Yes | ChunksTaken::Unknown => false,
        };
        match error {
            TransportError::Network { source, .. } => {
                SendError::unknown(TransportError::Stream { source })
            }
            error => SendError::unknown(error),
        }
    }

    /// Tells the helpers that the login of a request that cannot be repeated was refused.
    fn login_failed(&mut self, offered: &Challenges) -> TransportError {
        let refused = self.auth.refused(offered).err();
        refused.unwrap_or_else(|| self.auth.error(offered))
    }

    fn post_collected(
        &mut self,
        body: &Spooled,
        form: ResponseFormat<'_>,
        mut upload: Upload,
    ) -> Result<Answer, SendError> {
        loop {
            let idle = self.idle.clone();
            let sent = CollectedBody::new(body.clone(), upload.clone(), idle);
            let request = self.post().stream(sent);
            let posted = self.post_once(request, form);
            upload.close();
            match posted? {
                Posted::Answer(answer) => return Ok(answer),
                Posted::LengthRequired(error) => return Err(SendError::without_effect(error)),
                Posted::ProxyRefused(refusal) => {
                    let another = self.client.proxy_refused(&self.base, refusal);
                    another.map_err(SendError::without_effect)?;
                }
                Posted::Unauthorized(offered, said) => {
                    self.auth.heard(said);
                    let next = self.auth.refused(&offered);
                    next.map_err(SendError::without_effect)?;
                }
                Posted::Disconnected(error) => {
                    let effect = if self.lost_stale(&error) {
                        Effect::ConnectionEnded
                    } else {
                        Effect::Unknown
                    };
                    let Some(offered) = self.offered_instead() else {
                        let error = error.into();
                        return Err(SendError { error, effect });
                    };
                    if effect_of_disconnect(&upload) == Effect::Unknown {
                        return Err(SendError::unknown(self.login_failed(&offered)));
                    }
                    // A disconnect that hides a refusal has had no effect either.
                    let next = self.auth.refused(&offered);
                    next.map_err(SendError::without_effect)?;
                }
            }
            upload = Upload::new(None);
        }
    }
}
