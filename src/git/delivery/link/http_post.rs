//! A push over smart HTTP: collected and repeatable when it is small, else streamed while it is made.

use std::thread;

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::sync::mpsc::{Receiver, channel};

use crate::git::push::Effect;
use crate::git::push::Failed;
use crate::git::push::PushError;
use crate::git::push::PushRequest;
use crate::git::push::answer::{Answer, Demux};
use crate::git::push::commands::SideBand;
use crate::secrets::redact;

use super::diagnosis::from_http;
use super::http::{EXCERPT, HttpLink};
use super::http_answer::{Head, media_type, refusal};
use super::http_body::{Piece, PieceWriter, StreamedBody};

/// Up to here a request is collected and sent with its length; the same as git's `http.postBuffer`.
const COLLECTED: usize = 1 << 20;
/// How many pieces of the pack may wait to be sent.
const PIECES: usize = 16;

/// What became of one request.
enum Posted {
    Answer(Answer),
    Unauthorised,
}

impl HttpLink<'_> {
    /// Sends the request while `pack` writes it, and returns the answer.
    pub(super) fn push(&mut self, request: PushRequest<'_>) -> Result<Answer, Failed> {
        let (head, side_band) = (request.head, request.side_band);
        let pack = request.pack;
        let (sender, receiver) = channel(PIECES);
        thread::scope(|scope| {
            // The pack is made here, because the repository stays on its thread.
            let network = scope.spawn(|| self.transfer(receiver, side_band));
            let mut out = PieceWriter::new(sender);
            let written = std::io::Write::write_all(&mut out, head)
                .map_err(|_| PushError::Lost)
                .and_then(|()| pack(&mut out));
            let broken = out.is_broken();
            let cut = written.is_err();
            let written = written.and_then(|()| out.end().map_err(|_| PushError::Lost));
            let answered = network
                .join()
                .unwrap_or_else(|_| Err(Failed::unknown(PushError::Garbled)));
            match (written, answered) {
                // Cut short by ourselves: the server takes nothing of it.
                (Err(error), _) if !broken && !matches!(error, PushError::Lost) => {
                    Err(Failed::without_effect(error))
                }
                // Cut short by the connection: nobody takes a part of a pack either.
                (_, Err(failed)) if cut => Err(Failed {
                    effect: Effect::None,
                    ..failed
                }),
                (_, answered) => answered,
            }
        })
    }

    /// Collects the request; sends it with its length when it is small, else as it comes.
    fn transfer(
        &mut self,
        mut pieces: Receiver<Piece>,
        side_band: SideBand,
    ) -> Result<Answer, Failed> {
        let mut first = BytesMut::new();
        let mut complete = false;
        while first.len() < COLLECTED && !complete {
            match pieces.blocking_recv() {
                Some(Piece::Data(bytes)) => first.extend_from_slice(&bytes),
                Some(Piece::End) => complete = true,
                None => return Err(Failed::without_effect(PushError::Lost)),
            }
        }
        let first = first.freeze();
        if complete {
            return self.post_collected(&first, side_band);
        }
        // A streamed request cannot be repeated, so the login is settled by an empty one first.
        if !self.logins.is_known() {
            self.probe().map_err(Failed::without_effect)?;
        }
        let body = StreamedBody::new(first, pieces, self.pulse.clone());
        let request = self.post().body(reqwest::Body::wrap(body));
        match self.post_once(request, side_band)? {
            Posted::Answer(answer) => Ok(answer),
            // It cannot be sent once more, but the helpers hear of it, and the next push asks them first.
            Posted::Unauthorised => {
                let refused = self.logins.refused().err();
                let error = refused.unwrap_or_else(|| self.logins.error());
                Err(Failed::without_effect(error))
            }
        }
    }

    fn post_collected(&mut self, body: &Bytes, side_band: SideBand) -> Result<Answer, Failed> {
        loop {
            let request = self.post().body(body.clone());
            match self.post_once(request, side_band)? {
                Posted::Answer(answer) => return Ok(answer),
                Posted::Unauthorised => {
                    self.logins.refused().map_err(Failed::without_effect)?;
                }
            }
        }
    }

    /// Sends a flush, which asks for nothing, until the server lets us in.
    fn probe(&mut self) -> Result<(), PushError> {
        loop {
            let request = self.post().body(&b"0000"[..]);
            let (head, body) = self.run(|link| async move {
                let response = link.send(request).await?;
                let head = Head::of(&response);
                Ok((head, link.read(response, EXCERPT).await?))
            })?;
            match head.status {
                StatusCode::OK => return Ok(()),
                StatusCode::UNAUTHORIZED => self.logins.refused()?,
                _ => return Err(refusal(head, &body, &self.logins.host())),
            }
        }
    }

    fn post_once(
        &mut self,
        request: RequestBuilder,
        side_band: SideBand,
    ) -> Result<Posted, Failed> {
        let wanted = format!("application/x-{}-result", self.service.name());
        let posted = self.run(|link| async move {
            // Before the status is known the request may have had its effect.
            let response = match link.send(request).await {
                Ok(response) => response,
                Err(error) => return Ok(Err(Failed::unknown(error))),
            };
            let head = Head::of(&response);
            if head.status == StatusCode::UNAUTHORIZED {
                return Ok(Ok(Posted::Unauthorised));
            }
            if head.status != StatusCode::OK {
                let body = link.read(response, EXCERPT).await.unwrap_or_default();
                let error = refusal(head, &body, &link.logins.host());
                // A gateway that lost patience does not know what happened behind it.
                return Ok(Err(if head.status.is_server_error() {
                    Failed::unknown(error)
                } else {
                    Failed::without_effect(error)
                }));
            }
            if media_type(&response) != wanted {
                let host = link.logins.host();
                return Ok(Err(Failed::unknown(PushError::NotGit { host })));
            }
            let answer = link.read_answer(response, side_band).await;
            Ok(answer.map(Posted::Answer).map_err(Failed::unknown))
        });
        match posted {
            Ok(Ok(Posted::Answer(answer))) => {
                self.logins.accepted();
                self.logins.taken();
                Ok(Posted::Answer(answer))
            }
            Ok(Ok(posted)) => Ok(posted),
            Ok(Err(failed)) => Err(failed),
            Err(error) => Err(Failed::unknown(error)),
        }
    }

    async fn read_answer(
        &self,
        mut response: Response,
        side_band: SideBand,
    ) -> Result<Answer, PushError> {
        let mut demux = Demux::new(side_band, redact);
        while !demux.is_done() {
            let piece = response.chunk().await.map_err(from_http)?;
            let piece = piece.ok_or(PushError::Garbled)?;
            self.pulse.beat();
            demux.feed(&piece).map_err(|_| PushError::Garbled)?;
        }
        Ok(demux.finish())
    }
}
