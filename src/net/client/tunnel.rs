//! A connection to the server through a proxy of HTTP: `CONNECT`, RFC 9110, section 9.3.6.

use std::future::Future;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tracing::debug;

use crate::net::proxy_login::{ProxyLogin, Retry};

use super::error::ConnectError;
use super::server::Server;
use super::stream::Stream;

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
    let mut sender = speak(connect().await?).await?;
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
        let response = match sender.send_request(request).await {
            Ok(response) => response,
            // The proxy has closed the connection after its refusal.
            Err(_) if is_reused => {
                sender = speak(connect().await?).await?;
                is_reused = false;
                continue;
            }
            Err(error) => return Err(lost(error)),
        };
        let status = response.status();
        if status.is_success() {
            let stream = hyper::upgrade::on(response).await.map_err(lost)?;
            return Ok(Box::new(TokioIo::new(stream)));
        }
        if status != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(ConnectError::Tunnel(status));
        }
        if let Retry::Refused(refused) = login.challenged(response.headers(), &attempt) {
            return Err(ConnectError::ProxyLogin(refused));
        }
        is_reused = is_kept(&response) && drained(response).await && sender.ready().await.is_ok();
        if !is_reused {
            sender = speak(connect().await?).await?;
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

/// Reads the page of a refusal, and says whether that was all of it.
async fn drained(response: Response<Incoming>) -> bool {
    let page = Limited::new(response.into_body(), PAGE_LIMIT);
    page.collect().await.is_ok()
}

/// Begins to speak HTTP over a connection.
async fn speak(stream: Box<dyn Stream>) -> Result<SendRequest<Empty<Bytes>>, ConnectError> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(lost)?;
    let _task = tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            debug!(%error, "the connection to the proxy ended");
        }
    });
    Ok(sender)
}

fn lost(error: hyper::Error) -> ConnectError {
    ConnectError::Network(error.into())
}
