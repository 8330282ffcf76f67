//! `Client`: sends requests to one origin, directly or through a proxy.

mod connector;
mod error;
mod of_proxy;
mod request;
mod response;
mod server;
mod socks;
mod stream;
mod tls;
mod tunnel;

use std::error::Error as _;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use crate::names::Origin;

use super::error::NetError;
use super::http_version::HttpVersion;
use super::proxy_login::{ProxyLogin, ProxyLoginRefused, Retry};
use super::settings::ConnectorSettings;
use super::tls_advice::TlsPlace;

use self::connector::Connector;
use self::request::SentBody;

pub use self::error::{ConnectError, ExchangeError, opens_later};
pub use self::request::Request;
pub use self::response::Response;

/// The flow-control window of HTTP/2, in bytes: of a stream, and of the connection.
const HTTP2_WINDOW: u32 = 1 << 20;
/// The largest header list of a response over HTTP/2, in bytes. HTTP/1.1 bounds the number of headers.
const HTTP2_HEADER_LIST_MAX: u32 = 64 << 10;
/// How often a request is sent again that a server of HTTP/2 did not begin.
const MAX_REPEATS: u32 = 2;

/// Whether a request is sent again that a server of HTTP/2 declares not to have begun. One whose body is a stream is never
/// sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// It is.
    IfNotBegun,
    /// Each request is sent once.
    Never,
}

/// Sends requests to one origin. A clone shares the connections.
///
/// It uses rustls on ring, follows no redirect by itself, keeps no cookies and reads no variable of
/// the environment. HTTP/2 is negotiated with TLS, never assumed; without it HTTP/1.1 is spoken.
#[derive(Debug, Clone)]
pub struct Client {
    pool: legacy::Client<Connector, SentBody>,
    origin: Option<Origin>,
    user_agent: HeaderValue,
    /// The login of a proxy that hands on each request, and does not open a tunnel.
    forwarded: Option<Arc<ProxyLogin>>,
    /// That proxy, where TLS is spoken with it.
    tls_proxy: Option<TlsPlace>,
    repeats: Repeats,
}

impl Client {
    /// Makes a client for the origin of `url`. Opens nothing. The system's roots are read only for `https`, and for a proxy
    /// that is reached over TLS.
    pub fn new(
        url: &Url,
        settings: &ConnectorSettings,
        repeats: Repeats,
    ) -> Result<Self, NetError> {
        let default_name = HeaderValue::from_static(concat!("sendoff/", env!("CARGO_PKG_VERSION")));
        let user_agent = settings.user_agent.clone().unwrap_or(default_name);
        let is_https = url.scheme() == "https";
        let connector = Connector::new(url, settings, &user_agent)?;
        let forwarded = connector.forwarding().map(|(login, _)| Arc::clone(login));
        let tls_proxy = connector.forwarding().and_then(|(_, place)| place.cloned());
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        if is_https && settings.version == HttpVersion::Negotiated {
            builder
                .timer(TokioTimer::new())
                .http2_initial_stream_window_size(HTTP2_WINDOW)
                .http2_initial_connection_window_size(HTTP2_WINDOW)
                .http2_max_header_list_size(HTTP2_HEADER_LIST_MAX);
        }
        Ok(Self {
            pool: builder.build(connector),
            origin: Origin::of(url),
            user_agent,
            forwarded,
            tls_proxy,
            repeats,
        })
    }

    /// Sends a request, and returns the response as soon as its head has come, whatever its status but a 407 of a
    /// proxy: its login is sent as it wants it.
    pub async fn send(&self, mut request: Request) -> Result<Response, ExchangeError> {
        if Origin::of(request.url()) != self.origin {
            let reason = "the connection is with another server";
            return Err(ExchangeError::Unusable(reason.into()));
        }
        let accept = HeaderValue::from_static("*/*");
        request.headers.entry(ACCEPT).or_insert(accept);
        let name = || self.user_agent.clone();
        request.headers.entry(USER_AGENT).or_insert_with(name);
        let (mut repeats, mut number) = (0, 0);
        loop {
            number += 1;
            let again = request.try_clone();
            let url = request.url.clone();
            let attempt = self.forwarded.as_ref().map(|login| {
                let attempt = login.attempt(&request.method, &request.target(), number);
                if let Some(value) = &attempt.header {
                    request.headers.insert(PROXY_AUTHORIZATION, value.clone());
                }
                (login, attempt)
            });
            let sent = self.pool.request(request.into_http()?).await;
            let (response, again) = match (sent, again) {
                (Ok(response), again) => (response, again),
                (Err(error), Some(again)) if self.is_repeated(&error, repeats) => {
                    repeats += 1;
                    request = again;
                    continue;
                }
                (Err(error), _) => {
                    return Err(ExchangeError::of_client(error, self.tls_proxy.as_ref()));
                }
            };
            let is_refusal = response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
            // A 407 of a server that is no proxy is a status like any other.
            let Some((login, attempt)) = attempt.filter(|_| is_refusal) else {
                let tls_proxy = self.tls_proxy.clone();
                return Ok(Response {
                    url,
                    http: response,
                    tls_proxy,
                });
            };
            match (login.challenged(response.headers(), &attempt), again) {
                (Retry::Worthwhile, Some(again)) => request = again,
                (Retry::Worthwhile, None) => return Err(ProxyLoginRefused::Repeatable.into()),
                (Retry::Refused(refused), _) => return Err(refused.into()),
            }
        }
    }

    /// Says whether the server declared that it did not begin the request: RFC 9113, section 8.7.
    fn is_repeated(&self, error: &legacy::Error, repeats: u32) -> bool {
        let of_http = error
            .source()
            .and_then(|e| e.downcast_ref::<hyper::Error>());
        let of_http2 = of_http.and_then(|e| e.source()?.downcast_ref::<h2::Error>());
        let was_not_begun = of_http2.is_some_and(|error| {
            let reason = error.reason();
            let is_closing = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
            let is_refused = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (is_closing || is_refused)
        });
        was_not_begun && self.repeats == Repeats::IfNotBegun && repeats < MAX_REPEATS
    }
}
