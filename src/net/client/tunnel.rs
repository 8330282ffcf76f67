//! A connection to the server through a proxy of HTTP: `CONNECT`, RFC 9110, section 9.3.6.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tracing::debug;

use crate::net::proxy_login::{ProxyLogin, Retry};

use super::error::ConnectError;
use super::server::Server;
use super::stream::Stream;

/// How many headers an answer can have; each takes a few bytes of memory.
const MAX_HEADERS: usize = 1000;
/// How much of a refusal's page is read so that its connection can be used again, in bytes.
const PAGE_LIMIT: usize = 64 << 10;

/// Asks the proxy for a connection to the server, with the login as the proxy wants it. `connect` makes a connection to the
/// proxy.
pub(super) async fn open<F>(
    connect: impl Fn() -> F,
    login: &ProxyLogin,
    server: &Server,
    user_agent: &HeaderValue,
) -> Result<Box<dyn Stream>, ConnectError>
where
    F: Future<Output = Result<Box<dyn Stream>, ConnectError>>,
{
    let place = format!("{}:{}", server.host, server.port);
    let mut spoken = Spoken::over(connect().await?).await?;
    let mut is_reused = false;
    let mut number = 0;
    loop {
        number += 1;
        let attempt = login.attempt(&Method::CONNECT, &place, number);
        let request = Request::connect(place.as_str())
            .header(HOST, place.as_str())
            .header(USER_AGENT, user_agent);
        let request = match &attempt.header {
            Some(value) => request.header(PROXY_AUTHORIZATION, value),
            None => request,
        };
        let request = request.body(Empty::<Bytes>::new());
        let request = request.map_err(|error| ConnectError::Network(error.into()))?;
        let response = match spoken.send(request).await {
            Ok(response) => response,
            // The proxy has closed the connection after its refusal.
            Err(_) if is_reused => {
                spoken = Spoken::over(connect().await?).await?;
                is_reused = false;
                continue;
            }
            Err(error) => return Err(error),
        };
        let status = response.status();
        if status.is_success() {
            return spoken.into_stream();
        }
        if status != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(ConnectError::Tunnel(status));
        }
        if let Retry::Refused(refused) = login.challenged(response.headers(), &attempt) {
            return Err(ConnectError::ProxyLogin(refused));
        }
        is_reused = is_kept(&response) && spoken.is_ready_after(response).await;
        if !is_reused {
            spoken = Spoken::over(connect().await?).await?;
        }
    }
}

/// Says whether the connection of a refusal can be used again: its page ends before the connection does, and the proxy does not
/// say that it closes it, by the old header either.
fn is_kept(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let has_end =
        response.body().size_hint().exact().is_some() || headers.contains_key(TRANSFER_ENCODING);
    let closes = headers
        .get("proxy-connection")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
    has_end && !closes
}

/// A connection to the proxy over which HTTP is spoken, and which can be had back from it.
///
/// The library gives a tunnel up after each 2xx but 204, which opens one as well.
struct Spoken {
    sender: SendRequest<Empty<Bytes>>,
    connection: Connection<TokioIo<Box<dyn Stream>>, Empty<Bytes>>,
    has_ended: bool,
}

impl Spoken {
    /// Begins to speak HTTP over a connection.
    async fn over(stream: Box<dyn Stream>) -> Result<Self, ConnectError> {
        // Of what opens the tunnel only the status counts: libcurl takes any headers.
        let spoken = Builder::new()
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = spoken.await.map_err(lost)?;
        Ok(Self {
            sender,
            connection,
            has_ended: false,
        })
    }

    async fn send(
        &mut self,
        request: Request<Empty<Bytes>>,
    ) -> Result<Response<Incoming>, ConnectError> {
        let response = self.sender.send_request(request);
        match drive(&mut self.connection, &mut self.has_ended, response).await {
            Some(response) => response.map_err(lost),
            None => Err(ConnectError::Network("the connection was closed".into())),
        }
    }

    /// Reads the page of a refusal, and says whether that was all of it and another request can be sent.
    async fn is_ready_after(&mut self, response: Response<Incoming>) -> bool {
        let page = Limited::new(response.into_body(), PAGE_LIMIT);
        let sender = &mut self.sender;
        let ready = async { page.collect().await.is_ok() && sender.ready().await.is_ok() };
        let ready = drive(&mut self.connection, &mut self.has_ended, ready).await;
        ready == Some(true) && !self.has_ended
    }

    /// Returns the connection, which leads to the server now.
    fn into_stream(self) -> Result<Box<dyn Stream>, ConnectError> {
        let parts = self.connection.into_parts();
        // Of TLS the client sends the first byte.
        if parts.read_buf.is_empty() {
            Ok(parts.io.into_inner())
        } else {
            let reason = "the proxy sends data of its own before the server's";
            Err(ConnectError::Network(reason.into()))
        }
    }
}

/// Waits for `work`, and moves the bytes of its connection meanwhile; `None` where the connection has ended and the work needs
/// more of it.
///
/// The library's end of a connection outlives it here, and tells nobody that it has ended.
async fn drive<T>(
    connection: &mut Connection<TokioIo<Box<dyn Stream>>, Empty<Bytes>>,
    has_ended: &mut bool,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if !*has_ended && let Poll::Ready(ended) = connection.poll_without_shutdown(cx) {
            *has_ended = true;
            if let Err(error) = ended {
                debug!(%error, "the connection to the proxy ended");
            }
        }
        match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if *has_ended => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn lost(error: hyper::Error) -> ConnectError {
    ConnectError::Network(error.into())
}
