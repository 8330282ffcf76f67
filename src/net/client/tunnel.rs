//! A connection to the server through a proxy of HTTP: `CONNECT`, RFC 9110, section 9.3.6.

use std::future::Future;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, StatusCode};
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
        let response = sender.send_request(request).await.map_err(lost)?;
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
        let page = Limited::new(response.into_body(), PAGE_LIMIT);
        let is_read = page.collect().await.is_ok();
        // A proxy may close the connection after a refusal.
        if !is_read || sender.ready().await.is_err() {
            sender = speak(connect().await?).await?;
        }
    }
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
