//! `Client`: sends a request, follows at most one redirect, reads a bounded response.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::clock::Clock;
use crate::net::{self, ExchangeError, FixedNetwork, Network, PlainHttp};
use crate::secrets::KnownSecrets;

use super::BODY_LIMIT;
use super::connectors::{Connector, Connectors};
use super::error::HttpError;
use super::redirect::{NextRequest, Redirects, next_request, refused};
use super::request::{Pace, Request};
use super::response::{Response, host};
use super::retry::Budget;

/// GitHub itself lets a request run for ten seconds.
const SLOW: Duration = Duration::from_secs(15);
/// See [`ClientOptions::pause`].
const PAUSE: Duration = Duration::from_secs(1);

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long one try may take, from the first byte sent to the last byte read.
    pub timeout: Duration,
    /// How long one try of a request may take that makes a server do much work, see [`Request::slow`].
    pub slow_timeout: Duration,
    /// How long to wait before a server is asked what became of a request whose answer was lost.
    pub pause: Duration,
    /// How long a connection may take to be established.
    pub connect_timeout: Duration,
    /// How long a safe request may take with its repeats.
    pub budget: Duration,
    /// Where plain http is allowed.
    pub plain_http: PlainHttp,
    /// Where proxy and TLS settings come from.
    pub network: Arc<dyn Network>,
    /// Whether redirects are followed.
    pub redirects: Redirects,
    /// The clock, for `Retry-After`.
    pub clock: Clock,
    /// Is told every token that is sent, for redaction.
    pub known: KnownSecrets,
}

impl ClientOptions {
    /// Returns options with one `timeout` for a try, and twice that for a request with its repeats.
    ///
    /// A connection gets a little less, so that it is known when nothing can have been sent.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            slow_timeout: timeout.max(SLOW),
            pause: PAUSE,
            connect_timeout: timeout * 4 / 5,
            budget: timeout * 2,
            plain_http: PlainHttp::default(),
            network: Arc::new(FixedNetwork::default()),
            redirects: Redirects::SameOrigin,
            clock: Clock::System,
            known: KnownSecrets::default(),
        }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

/// The HTTP client that forge and platform share. A clone shares the connections.
///
/// Making one costs nothing: the connector, and the system's certificates for https, come with the
/// first request that needs them. Use it within one runtime.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: ClientOptions,
    connectors: Connectors,
}

impl Client {
    /// Makes a client. Opens nothing.
    pub fn new(options: ClientOptions) -> Self {
        let connectors = Connectors::new(
            options.network.clone(),
            options.plain_http.clone(),
            options.connect_timeout,
        );
        let inner = Inner {
            options,
            connectors,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Returns how long to wait before asking what became of a request whose answer was lost.
    pub fn pause(&self) -> Duration {
        self.inner.options.pause
    }

    /// Sends `request` and returns the answer, whatever its status.
    ///
    /// A safe request is repeated, within the budget, when the connection fails, nothing comes in
    /// time or the server says that it is away. Any other is sent once.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if let Some(token) = &request.token {
            self.inner.options.known.add(token.secret());
        }
        if request
            .token
            .as_ref()
            .is_some_and(|token| !token.is_usable())
        {
            let reason = "the token is empty or holds a character that no header may hold";
            return Err(HttpError::Unusable(reason.to_owned()));
        }
        let options = &self.inner.options;
        if !request.is_safe() {
            let timeout = match request.pace {
                Pace::Usual => options.timeout,
                Pace::Slow => options.slow_timeout,
            };
            return Box::pin(self.follow(&request, timeout)).await;
        }
        let mut budget = Budget::starting_now(options.budget.max(options.timeout));
        loop {
            // It is large, and what the whole run waits for holds it.
            let outcome = Box::pin(self.follow(&request, budget.next_try(options.timeout))).await;
            let Some(wait) = budget.wait_after(&outcome) else {
                return outcome;
            };
            tracing::debug!(?wait, "the request is repeated");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends the request, and follows one redirect within the same origin.
    async fn follow(&self, request: &Request, timeout: Duration) -> Result<Response, HttpError> {
        let response = self.exchange(request, &request.url, timeout).await?;
        let NextRequest::To(url) = next_request(&request.method, &response)? else {
            return Ok(response);
        };
        if self.inner.options.redirects == Redirects::Refused {
            return Err(refused(&response, &url));
        }
        let response = self.exchange(request, &url, timeout).await?;
        match next_request(&request.method, &response)? {
            NextRequest::None => Ok(response),
            NextRequest::To(further) => Err(refused(&response, &further)),
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        timeout: Duration,
    ) -> Result<Response, HttpError> {
        let host = host(url);
        let mut connector = self.inner.connectors.get(url).await?;
        let mut deadline = Instant::now() + timeout;
        let mut sent = send_once(&connector, request, url, deadline).await;
        if let Err(Failed::Exchange(ExchangeError::ProxyLogin(refusal))) = sent {
            let connectors = &self.inner.connectors;
            let other = connectors.with_other_proxy_login(connector, refusal, url);
            connector = other.await?;
            // A helper may take longer than a request.
            deadline = Instant::now() + timeout;
            sent = send_once(&connector, request, url, deadline).await;
        }
        let classify = |failed: Failed| match failed {
            Failed::Exchange(error) => HttpError::from_exchange(&error, url, &host, timeout),
            Failed::Late => HttpError::late(&host, timeout),
            Failed::Unusable(reason) => HttpError::Unusable(reason),
        };
        let mut answer = sent.map_err(classify)?;
        self.inner.connectors.accepted(&connector).await;
        let status = answer.status().as_u16();
        tracing::debug!(method = %request.method, %host, path = url.path(), status, "answered");
        let mut body = Vec::new();
        while let Some(chunk) = in_time(deadline, answer.chunk()).await.map_err(classify)? {
            let room = BODY_LIMIT - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() > room {
                // A refusal is understood by its status and its first lines.
                if answer.status().is_success() {
                    let limit = BODY_LIMIT;
                    return Err(HttpError::TooLarge { host, limit });
                }
                break;
            }
        }
        let mut headers = answer.headers().clone();
        if let Some(token) = &request.token {
            token.scrub(&mut headers, &mut body);
        }
        Ok(Response {
            url: url.clone(),
            status,
            headers,
            body,
            received_at: self.inner.options.clock.now(),
        })
    }
}

/// Why a request got no whole response.
enum Failed {
    /// The network, or the proxy.
    Exchange(ExchangeError),
    /// Nothing came in time.
    Late,
    /// No request can be made of it.
    Unusable(String),
}

/// Waits for a part of an exchange until the deadline.
async fn in_time<T>(
    deadline: Instant,
    part: impl Future<Output = Result<T, ExchangeError>>,
) -> Result<T, Failed> {
    match timeout_at(deadline, part).await {
        Ok(done) => done.map_err(Failed::Exchange),
        Err(_) => Err(Failed::Late),
    }
}

async fn send_once(
    connector: &Connector,
    request: &Request,
    url: &Url,
    deadline: Instant,
) -> Result<net::Response, Failed> {
    let mut sent = net::Request::new(request.method.clone(), url.clone());
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value);
        let value = value.map_err(|error| Failed::Unusable(error.to_string()))?;
        sent = sent.header(HeaderName::from_static(name), value);
    }
    if let Some(body) = &request.body {
        let json = HeaderValue::from_static("application/json");
        sent = sent.header(CONTENT_TYPE, json).body(body.clone());
    }
    // Only now, with the final URL, is it known whether the token belongs there.
    if let Some(token) = &request.token {
        sent = token.attach(sent, url);
    }
    in_time(deadline, connector.client.send(sent)).await
}
