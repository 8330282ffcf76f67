//! A push over smart HTTP: collected and repeatable when it is small, else streamed while it is made.

use std::sync::mpsc;
use std::thread;

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, StatusCode};
use sendoff_push::sideband::Answer;
use sendoff_push::{Effect, RequestBody, ResponseFormat, SendError};
use tokio::sync::mpsc::{Receiver, channel};

use crate::git::transport::TransportError;
use crate::git::transport::classify::{from_http, is_cut};

use super::body::{ClosedAtEnd, CollectedBody, Piece, PieceWriter, Pieces, StreamedBody, Upload};
use super::decode::{Decoder, Reported};
use super::response::{Head, media_type};
use super::{EXCERPT, HttpLink};

/// A request that asks for nothing.
const FLUSH: &[u8] = b"0000";
/// How many pieces of the pack may wait to be sent.
const PIECES: usize = 16;

/// What became of one request.
enum Posted {
    Answer(Answer),
    Unauthorised,
    /// The connection ended before there was a status.
    Cut(TransportError),
}

/// Returns what a request can have done whose connection was cut: a part of a pack is taken by nobody.
fn effect_of_cut(upload: &Upload) -> Effect {
    if upload.is_handed_over() {
        Effect::Unknown
    } else {
        Effect::None
    }
}

impl HttpLink<'_> {
    /// Sends the request while `pack` writes it, and returns the answer.
    pub(super) fn push(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        let (head, form) = (request.head, request.form);
        let pack = request.pack;
        let (sender, receiver) = channel(PIECES);
        let (told, handed_over) = mpsc::channel();
        thread::scope(|scope| {
            // The pack is made here, because the repository stays on its thread.
            let upload = ClosedAtEnd(Upload::new(Some(told)));
            let network = scope.spawn(move || self.transfer(receiver, form, &upload.0));
            let mut out = PieceWriter::new(sender);
            let written = std::io::Write::write_all(&mut out, head).and_then(|()| pack(&mut out));
            let cut = written.is_err();
            let given_up = cut && !out.is_broken();
            let written = written.and_then(|()| out.end());
            if written.is_ok() {
                // Nobody sends anything: this ends when the last byte has left, or none will.
                let _ended = handed_over.recv();
                (request.handed_over)();
            }
            let answered = network
                .join()
                .unwrap_or_else(|_| Err(SendError::unknown(TransportError::Garbled)));
            match answered {
                // The push gave up, and knows why: the server takes nothing of it.
                _ if given_up => Err(SendError::without_effect(TransportError::Lost)),
                // Cut short by the connection: nobody takes a part of a pack either.
                Err(failed) if cut => Err(SendError {
                    effect: Effect::None,
                    ..failed
                }),
                answered => answered,
            }
        })
    }

    /// Collects the request; sends it with its length when it is small, else as it comes.
    fn transfer(
        &mut self,
        mut pieces: Receiver<Piece>,
        form: ResponseFormat<'_>,
        upload: &Upload,
    ) -> Result<Answer, SendError> {
        let mut first = BytesMut::new();
        let mut complete = false;
        while first.len() <= self.collected && !complete {
            match pieces.blocking_recv() {
                Some(Piece::Data(bytes)) => first.extend_from_slice(&bytes),
                Some(Piece::End) => complete = true,
                None => return Err(SendError::without_effect(TransportError::Lost)),
            }
        }
        let first = first.freeze();
        if complete {
            return self.post_collected(&first, form, upload.clone());
        }
        // A streamed request cannot be repeated, so the login is settled by an empty one first.
        if !self.logins.is_known() {
            self.probe().map_err(SendError::without_effect)?;
        }
        let pieces = Pieces::new(pieces);
        let body = StreamedBody::new(first, pieces.clone(), upload.clone(), self.pulse.clone());
        let request = self.post().body(reqwest::Body::wrap(body));
        let posted = self.post_once(request, form);
        // The connection keeps what it did not send, and the writer must not wait for it.
        pieces.close();
        let is_ours = pieces.are_unfinished();
        match posted? {
            Posted::Answer(answer) => Ok(answer),
            // It cannot be sent once more, but the helpers hear of it, and the next push asks them first.
            Posted::Unauthorised => Err(SendError::without_effect(self.login_failed())),
            // A server that wants another login may cut the connection before anybody reads that.
            Posted::Cut(error) if is_ours || !self.is_login_wrong() => {
                Err(SendError::unknown(error))
            }
            Posted::Cut(_) => Err(SendError {
                error: self.login_failed().into(),
                effect: effect_of_cut(upload),
            }),
        }
    }

    /// Tells the helpers that the login of a request that cannot be repeated was refused.
    fn login_failed(&mut self) -> TransportError {
        let refused = self.logins.refused().err();
        refused.unwrap_or_else(|| self.logins.error())
    }

    /// Asks whether it was the login for which a request failed, where none proved it yet.
    fn is_login_wrong(&self) -> bool {
        if self.logins.is_proven() {
            return false;
        }
        let request = self.post().body(FLUSH);
        let asked = self.run(|link| async move { Ok(link.send(request).await?.status()) });
        matches!(asked, Ok(StatusCode::UNAUTHORIZED))
    }

    fn post_collected(
        &mut self,
        body: &Bytes,
        form: ResponseFormat<'_>,
        mut upload: Upload,
    ) -> Result<Answer, SendError> {
        loop {
            let pulse = self.pulse.clone();
            let sent = CollectedBody::new(body.clone(), upload.clone(), pulse);
            let request = self.post().body(reqwest::Body::wrap(sent));
            let posted = self.post_once(request, form);
            upload.close();
            match posted? {
                Posted::Answer(answer) => return Ok(answer),
                Posted::Cut(error) if !self.is_login_wrong() => {
                    return Err(SendError::unknown(error));
                }
                Posted::Cut(_) if effect_of_cut(&upload) == Effect::Unknown => {
                    return Err(SendError::unknown(self.login_failed()));
                }
                // A cut that hides a refusal has had no effect either.
                Posted::Unauthorised | Posted::Cut(_) => {
                    self.logins.refused().map_err(SendError::without_effect)?;
                }
            }
            upload = Upload::new(None);
        }
    }

    /// Sends a flush, which asks for nothing, until the server lets us in.
    fn probe(&mut self) -> Result<(), TransportError> {
        loop {
            let request = self.post().body(FLUSH);
            let (head, body) = self.run(|link| async move {
                let response = link.send(request).await?;
                let head = Head::of(&response);
                Ok((head, link.read(response, EXCERPT).await?))
            })?;
            match head.status {
                StatusCode::OK => {
                    self.logins.accepted();
                    return Ok(());
                }
                StatusCode::UNAUTHORIZED => self.logins.refused()?,
                _ => return Err(self.refusal(head, &body)),
            }
        }
    }

    fn post_once(
        &mut self,
        request: RequestBuilder,
        form: ResponseFormat<'_>,
    ) -> Result<Posted, SendError> {
        let wanted = format!("application/x-{}-result", self.service.name());
        let posted = self.run(|link| async move {
            // Before the status is known the request may have had its effect.
            let response = match link.send(request).await {
                Ok(response) => response,
                Err(error) if is_cut(&error) => return Ok(Ok(Posted::Cut(error))),
                Err(error) => return Ok(Err(SendError::unknown(error))),
            };
            let head = Head::of(&response);
            if head.status == StatusCode::UNAUTHORIZED {
                return Ok(Ok(Posted::Unauthorised));
            }
            if head.status != StatusCode::OK {
                let body = link.read(response, EXCERPT).await.unwrap_or_default();
                let error = link.refusal(head, &body);
                // A gateway that lost patience does not know what happened behind it.
                return Ok(Err(if head.status.is_server_error() {
                    SendError::unknown(error)
                } else {
                    SendError::without_effect(error)
                }));
            }
            if media_type(&response) != wanted {
                let host = link.logins.host();
                return Ok(Err(SendError::unknown(TransportError::NotGit { host })));
            }
            let answer = link.read_answer(response, form).await;
            Ok(answer.map(Posted::Answer).map_err(SendError::unknown))
        });
        match posted {
            Ok(Ok(Posted::Answer(answer))) => {
                self.logins.accepted();
                self.logins.taken();
                Ok(Posted::Answer(answer))
            }
            Ok(Ok(posted)) => Ok(posted),
            Ok(Err(failed)) => Err(failed),
            Err(error) => Err(SendError::unknown(error)),
        }
    }

    async fn read_answer(
        &self,
        mut response: Response,
        form: ResponseFormat<'_>,
    ) -> Result<Answer, TransportError> {
        let mut decoder = Decoder::of(&response, Reported::new(form.demux()));
        loop {
            let piece = response.chunk().await.map_err(from_http)?;
            let piece = piece.ok_or(TransportError::Garbled)?;
            let before = decoder.sink().heard();
            let fed = decoder.feed(&piece);
            // Compression of nothing is no sign of life.
            if decoder.sink().heard() > before {
                self.pulse.beat();
            }
            if decoder.sink().is_done() {
                return Ok(decoder.sink_mut().finish());
            }
            fed.map_err(|_| TransportError::Garbled)?;
        }
    }
}
