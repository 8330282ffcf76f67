//! Smart HTTP: the connection, reference discovery, and requests that are answered whole.

mod auth;
mod body;
mod challenge;
mod client;
mod cookies;
mod decode;
mod digest;
mod fetch;
mod post;
mod probe;
mod response;
mod spool;

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::AtomicBool;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, Version};
use sendoff_push::advertisement::AdvertisementReader;
use sendoff_push::sideband::Answer;
use sendoff_push::{ADVERTISEMENT_CAP, ClassifiedError, Connection, RequestBody, SendError};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::clock::Clock;
use crate::git::transport::classify::is_disconnect;
use crate::git::transport::fetch::Take;
use crate::git::transport::idle_timeout::{IdleTimeout, POLL_INTERVAL};
use crate::git::transport::service::Service;
use crate::git::transport::{Redirects, ServiceConnection, TakeLines, Target, TransportError};
use crate::names::Origin;
use crate::net::{TlsFault, TlsPlace, is_proxy_refusal, may_follow};
use crate::secrets::KnownSecrets;

use self::auth::HttpAuth;
use self::challenge::Challenges;
use self::client::HttpClient;
use self::decode::{ACCEPTED_ENCODING, CappedSink, Decoder, Encoding, shown};
use self::response::{ResponseHead, location, media_type, refusal};

/// After how many polls the runtime checks its timers, however much data a server sends.
const EVENT_INTERVAL: u32 = 2;
/// How much of an error page is read, in bytes: more than is shown, so that a secret in it is recognised whole.
const ERROR_BODY_LIMIT: usize = 8 * 1024;

/// A connection over smart HTTP.
#[derive(Debug)]
pub(super) struct HttpConnection<'a> {
    client: HttpClient<'a>,
    /// Taken when the connection is dropped.
    runtime: Option<Runtime>,
    /// The repository's URL, after the redirects of the first request.
    base: Url,
    service: Service,
    auth: HttpAuth<'a>,
    idle: IdleTimeout,
    /// What the user's cookie file has for this URL.
    cookies: Option<HeaderValue>,
    /// Up to here a request is collected and sent with its length, in bytes.
    post_buffer: u64,
    /// The server takes no body of unknown length.
    wants_length: bool,
    /// A body of unknown length goes in chunks: not so over HTTP/2.
    has_chunks: bool,
    /// What the service answered with.
    spoken: Option<Version>,
    /// A response has come, so the next request may go over a connection that the other side is about to close.
    may_be_stale: Cell<bool>,
    redirects: Redirects,
    known: &'a KnownSecrets,
    stop: &'a AtomicBool,
}

impl<'a> HttpConnection<'a> {
    /// Makes the client. Nothing is sent yet.
    pub(super) fn open(target: Target<'a>, service: Service) -> Result<Self, TransportError> {
        let base = target
            .url
            .http_url()
            .ok_or(TransportError::Scheme("http"))?;
        let origin = Origin::of(&base);
        if !origin.is_some_and(|origin| target.options.plain_http.allows(&origin)) {
            return Err(TransportError::PlainHttp);
        }
        let client = HttpClient::new(target, &base)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build()
            .map_err(|error| TransportError::Runtime(error.into()))?;
        let cookies = target.options.cookie_file.as_deref();
        let now = Clock::System.now().as_second();
        let cookies = cookies.and_then(|file| cookies::header(file, &base, now));
        Ok(Self {
            client,
            runtime: Some(runtime),
            base,
            service,
            auth: HttpAuth::new(target.url, target.options),
            idle: IdleTimeout::new(target.options.push_timeout),
            cookies,
            post_buffer: target.options.post_buffer,
            wants_length: false,
            has_chunks: true,
            spoken: None,
            may_be_stale: Cell::new(false),
            redirects: target.options.redirects,
            known: &target.options.known,
            stop: target.stop,
        })
    }

    /// Requests the advertisement: follows redirects within the origin, and logs in when the server asks for it.
    fn discover_refs(&mut self, take: TakeLines<'_>) -> Result<(), TransportError> {
        let mut url = at(&self.base, "/info/refs");
        url.set_query(Some(&format!("service={}", self.service.name())));
        let wanted = format!("application/x-{}-advertisement", self.service.name());
        let mut redirects = 0;
        loop {
            let request = self.request_to(&Method::GET, &url);
            let wanted = wanted.as_str();
            let take = &mut *take;
            let discovered = self.run(|connection| async move {
                let response = connection.send(request).await?;
                let head = ResponseHead::of(&response);
                let offered = Challenges::of(&response);
                if head.status.is_redirection() {
                    return Ok((head, offered, location(&response).into_bytes()));
                }
                if head.status == StatusCode::OK && media_type(&response) != wanted {
                    return Err(TransportError::NotGit {
                        host: connection.auth.host(),
                    });
                }
                let body = if head.status == StatusCode::OK {
                    connection.hand_on(response, take).await?;
                    Vec::new()
                } else {
                    connection.read_page(response).await?
                };
                Ok((head, offered, body))
            });
            let (head, offered, body) = match discovered {
                Err(TransportError::ProxyLogin { .. }) => {
                    self.client.proxy_refused(&self.base)?;
                    continue;
                }
                discovered => discovered?,
            };
            self.client.accepted();
            self.has_chunks = head.version <= Version::HTTP_11;
            self.spoken = Some(head.version);
            match head.status {
                StatusCode::OK => {
                    self.auth.accepted();
                    return Ok(());
                }
                StatusCode::UNAUTHORIZED => self.auth.refused(&offered)?,
                StatusCode::FORBIDDEN if self.says_bad_login(&body) => self.auth.called_bad()?,
                status if status.is_redirection() => {
                    if self.redirects == Redirects::Never {
                        return Err(TransportError::RedirectsOff);
                    }
                    let to = String::from_utf8_lossy(&body);
                    let to = url.join(&to).map_err(|_| TransportError::Garbled)?;
                    may_follow(&url, &to, redirects)
                        .map_err(|refused| TransportError::Redirect(refused.into()))?;
                    self.base = repository(&to, &url)?;
                    url = to;
                    redirects += 1;
                }
                _ => return Err(self.refusal(head, &body)),
            }
        }
    }

    /// Says whether an error page with the status 403 means that the login is wrong, and not that it lacks the
    /// permission.
    fn says_bad_login(&self, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        self.auth.is_sent() && text.contains("bad credentials")
    }

    /// Sends a small request and hands on the response.
    fn fetch_response(&mut self, body: &[u8], take: TakeLines<'_>) -> Result<(), TransportError> {
        let request = self.post().body(body.to_vec());
        let (head, body) = self.run(|connection| async move {
            let response = connection.send(request).await?;
            let head = ResponseHead::of(&response);
            if head.status == StatusCode::OK {
                connection.hand_on(response, take).await?;
                return Ok((head, Vec::new()));
            }
            Ok((head, connection.read_page(response).await?))
        })?;
        if head.status == StatusCode::OK {
            Ok(())
        } else {
            Err(self.refusal(head, &body))
        }
    }

    /// Returns the error for a status other than 200 and 401.
    fn refusal(&self, head: ResponseHead, body: &[u8]) -> TransportError {
        if head.status == StatusCode::BAD_REQUEST && self.client.lacks_certificate() {
            return TransportError::Tls {
                fault: TlsFault::ClientCertificateWanted,
                place: TlsPlace::of(&self.base),
            };
        }
        // What nginx and Apache say to those who speak http at a port for TLS.
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        let is_tls_port = ["sent to https port", "ssl-enabled server port"]
            .iter()
            .any(|words| text.contains(words));
        if head.status == StatusCode::BAD_REQUEST && self.base.scheme() == "http" && is_tls_port {
            return TransportError::TlsPort {
                place: TlsPlace::of(&self.base),
            };
        }
        refusal(head, body, &self.auth.host(), self.known)
    }

    /// Runs one exchange, and gives it up after the idle timeout or when the caller stops the push.
    fn run<'s, T, F>(&'s self, work: impl FnOnce(&'s Self) -> F) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, TransportError>>,
    {
        let Some(runtime) = &self.runtime else {
            return Err(TransportError::Garbled);
        };
        self.idle.resume();
        // An exchange that is shorter than the interval would not notice otherwise.
        if let Some(interruption) = self.idle.check(self.stop) {
            return Err(interruption.into());
        }
        let watch = async {
            loop {
                sleep(POLL_INTERVAL).await;
                if let Some(interruption) = self.idle.check(self.stop) {
                    return interruption;
                }
            }
        };
        runtime.block_on(async {
            tokio::select! {
                done = work(self) => done,
                interruption = watch => Err(interruption.into()),
            }
        })
    }

    /// Sends a request and returns the response's head. A response of git's in an unsupported content
    /// encoding is an error.
    ///
    /// A request that can be repeated is sent once more where a kept connection ended before the response began, as
    /// libcurl does: RFC 9112, section 9.3.1. What became of a pack is asked of the remote first.
    async fn send(&self, request: RequestBuilder) -> Result<Response, TransportError> {
        let again = request.try_clone();
        let response = match (self.dispatch(request).await, again) {
            (Err(error), Some(again)) if self.lost_stale(&error) => self.dispatch(again).await?,
            (sent, _) => sent?,
        };
        // HTTP/2 says itself which requests it did not begin.
        self.may_be_stale
            .set(response.version() <= Version::HTTP_11);
        self.idle.reset();
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(self.client.proxy_error());
        }
        // Other pages are reported as such, whatever their encoding.
        if response.status() == StatusCode::OK
            && media_type(&response).starts_with("application/x-git-")
            && let Encoding::Other(name) = Encoding::of(response.headers())
        {
            return Err(TransportError::Encoding {
                host: self.auth.host(),
                encoding: shown(&name, self.known),
            });
        }
        Ok(response)
    }

    async fn dispatch(&self, request: RequestBuilder) -> Result<Response, TransportError> {
        request.send().await.map_err(|error| {
            if is_proxy_refusal(&error) {
                self.client.proxy_error()
            } else {
                self.client.classify(error)
            }
        })
    }

    /// Says, once for each response, whether a request was lost because the connection that it reused had ended.
    fn lost_stale(&self, error: &TransportError) -> bool {
        is_disconnect(error) && self.may_be_stale.replace(false)
    }

    /// Reads an error page: a part of it is enough.
    async fn read_page(&self, response: Response) -> Result<Vec<u8>, TransportError> {
        let mut page = Vec::new();
        let mut take = |piece: &[u8]| page.extend_from_slice(piece);
        let _part = self.read(response, ERROR_BODY_LIMIT, &mut take).await?;
        Ok(page)
    }

    /// Hands a body on as it comes; one that never ends is an error.
    async fn hand_on(&self, response: Response, take: TakeLines<'_>) -> Result<(), TransportError> {
        let whole = self.read(response, ADVERTISEMENT_CAP, take).await?;
        whole.map_err(|_| TransportError::Garbled)
    }

    /// Hands on at most `cap` bytes of a body, and says whether that was all of it.
    async fn read(
        &self,
        mut response: Response,
        cap: usize,
        take: TakeLines<'_>,
    ) -> Result<std::io::Result<()>, TransportError> {
        let mut decoder = Decoder::of(&response, CappedSink::new(cap, take));
        let mut whole = Ok(());
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.client.classify(error))?
        {
            let before = decoder.sink().taken();
            whole = decoder.feed(&chunk);
            self.idle.received(decoder.sink().taken() - before);
            if whole.is_err() {
                break;
            }
        }
        Ok(whole.and_then(|()| decoder.end()))
    }

    /// Starts a POST to the service.
    fn post(&self) -> RequestBuilder {
        let name = self.service.name();
        self.request_to(&Method::POST, &at(&self.base, &format!("/{name}")))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
    }

    fn request_to(&self, method: &Method, url: &Url) -> RequestBuilder {
        let request = self.client.request(method.clone(), url.clone());
        // A header of the user's own, for a gateway that breaks compression, replaces ours.
        let request = if self.auth.has_header(&ACCEPT_ENCODING) {
            request
        } else {
            request.header(ACCEPT_ENCODING, ACCEPTED_ENCODING)
        };
        let request = self.auth.attach(request, method.as_str(), url);
        let request = match &self.cookies {
            Some(cookies) if !self.auth.has_header(&COOKIE) => {
                request.header(COOKIE, cookies.clone())
            }
            _ => request,
        };
        match self.service.protocol() {
            Some(version) => request.header("git-protocol", version),
            None => request,
        }
    }
}

impl ServiceConnection for HttpConnection<'_> {
    fn hello(&mut self, take: TakeLines<'_>) -> Result<(), Box<dyn ClassifiedError>> {
        Ok(self.discover_refs(take)?)
    }

    fn spoken(&self) -> Option<String> {
        self.spoken.map(|version| format!("{version:?}"))
    }

    fn request(
        &mut self,
        body: &[u8],
        take: TakeLines<'_>,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        Ok(self.fetch_response(body, take)?)
    }

    fn stream(&mut self, body: &[u8], take: &mut Take<'_>) -> Result<(), Box<dyn ClassifiedError>> {
        self.fetch(body, take)
    }
}

impl Connection for HttpConnection<'_> {
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        Ok(self.discover_refs(&mut |piece| reader.feed(piece))?)
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        self.push(request)
    }

    fn reconnect(&mut self) {
        self.client.reconnect(&self.base);
        self.may_be_stale.set(false);
    }

    fn close(self: Box<Self>) {}
}

impl Drop for HttpConnection<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name look-up may hang on a thread of its own; it is not waited for.
            runtime.shutdown_background();
        }
    }
}

/// Returns `base` with `suffix` at the end of its path.
fn at(base: &Url, suffix: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}{suffix}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// Returns the repository's URL when a redirect leads to the same request for another path.
fn repository(to: &Url, asked: &Url) -> Result<Url, TransportError> {
    let path = to.path().strip_suffix("/info/refs");
    match path {
        Some(path) if to.query() == asked.query() => {
            let mut base = to.clone();
            base.set_path(path);
            base.set_query(None);
            base.set_fragment(None);
            Ok(base)
        }
        _ => Err(TransportError::RedirectElsewhere),
    }
}
