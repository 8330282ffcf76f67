//! One request of a push, and its result.

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use sendoff_push::sideband::Answer;
use sendoff_push::{ResponseFormat, SendError};
use tokio::time::timeout;

use crate::git::transport::TransportError;
use crate::git::transport::classify::{is_disconnect, is_unsent};
use crate::net::{Challenges, ProxyLoginRefused, Request, Response};

use super::HttpConnection;
use super::decode::{Decoder, ReportReader};
use super::exchange::{END_TIMEOUT, put_back};
use super::response::{ResponseHead, media_type, shown_page};

/// The outcome of one request.
pub(super) enum Posted {
    Answer(Answer),
    /// The login is refused, and what the server's page says.
    Unauthorized(Challenges, String),
    /// The server takes no body of unknown length.
    LengthRequired(TransportError),
    /// The proxy handed nothing on.
    ProxyRefused(ProxyLoginRefused),
    /// The connection was lost before a status arrived.
    Disconnected(TransportError),
}

impl HttpConnection<'_> {
    /// Sends one request and reads what comes back. A login that was refused is left to the caller.
    pub(super) fn post_once(
        &mut self,
        request: Request,
        form: ResponseFormat<'_>,
    ) -> Result<Posted, SendError> {
        let (_, wanted) = self.service.media_types();
        let posted = self.run(|connection| async move {
            // Before the status is known the request may have had its effect.
            let response = match connection.send(request).await {
                Ok(response) => response,
                Err(error) if is_disconnect(&error) => return Ok(Ok(Posted::Disconnected(error))),
                Err(TransportError::ProxyLogin { refusal, .. }) => {
                    return Ok(Ok(Posted::ProxyRefused(refusal)));
                }
                Err(error) if is_unsent(&error) => {
                    return Ok(Err(SendError::without_effect(error)));
                }
                Err(error) => return Ok(Err(SendError::unknown(error))),
            };
            let head = ResponseHead::of(&response);
            if head.status == StatusCode::UNAUTHORIZED {
                let offered = Challenges::of(response.headers(), &WWW_AUTHENTICATE);
                let body = connection.read_page(response).await.unwrap_or_default();
                let said = shown_page(&body, connection.known);
                return Ok(Ok(Posted::Unauthorized(offered, said)));
            }
            if head.status != StatusCode::OK {
                let body = connection.read_page(response).await.unwrap_or_default();
                let error = connection.refusal(head, &body);
                if head.status == StatusCode::LENGTH_REQUIRED {
                    return Ok(Ok(Posted::LengthRequired(error)));
                }
                // A gateway that timed out does not know what the server behind it did.
                return Ok(Err(if head.status.is_server_error() {
                    SendError::unknown(error)
                } else {
                    SendError::without_effect(error)
                }));
            }
            if media_type(&response) != wanted {
                let host = connection.auth.host();
                return Ok(Err(SendError::unknown(TransportError::NotGit { host })));
            }
            let answer = connection.read_answer(response, form).await;
            Ok(answer.map(Posted::Answer).map_err(SendError::unknown))
        });
        match posted {
            Ok(Ok(Posted::Answer(answer))) => {
                self.auth.accepted();
                self.auth.push_accepted();
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
        let mut decoder = Decoder::of(&response, ReportReader::new(form.demux()));
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| self.client.classify(error))?;
            let chunk = chunk.ok_or(TransportError::Garbled)?;
            let before = decoder.sink().heard();
            let fed = decoder.feed(&chunk);
            // Compressed bytes that decode to nothing do not count.
            if decoder.sink().heard() > before {
                self.idle.reset();
            }
            if decoder.sink().is_done() {
                let answer = decoder.sink_mut().finish();
                if self.keeps.is_some() {
                    read_to_end(response).await;
                }
                return Ok(answer);
            }
            fed.map_err(|_| TransportError::Garbled)?;
        }
    }
}

/// Reads what is left of a response, so that its connection can be used again. Where more comes than the end, or none, another
/// connection is made.
async fn read_to_end(mut response: Response) {
    let end = async { matches!(response.chunk().await, Ok(None)) };
    if timeout(END_TIMEOUT, end).await == Ok(true) {
        put_back(response).await;
    }
}
