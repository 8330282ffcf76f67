//! Smart HTTP: the connection, and its requests.

mod auth;
mod body;
mod client;
mod cookies;
mod current_login;
mod decode;
mod discovery;
mod exchange;
mod fetch;
mod post;
mod posted;
mod probe;
mod response;
mod spool;

use std::cell::{Cell, RefCell};
use std::sync::atomic::AtomicBool;

use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Version};
use sendoff_push::advertisement::AdvertisementReader;
use sendoff_push::sideband::Answer;
use sendoff_push::{ClassifiedError, Connection, RequestBody, SendError};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::clock::Clock;
use crate::git::transport::fetch::Take;
use crate::git::transport::idle_timeout::IdleTimeout;
use crate::git::transport::kept_client::KeptClient;
use crate::git::transport::service::Service;
use crate::git::transport::{
    RedirectPlaces, Redirects, ServiceConnection, TakeLines, Target, TransportError,
};
use crate::names::Origin;
use crate::net::Request;
use crate::secrets::KnownSecrets;

use self::auth::HttpAuth;
use self::client::HttpClient;
use self::cookies::CookieJar;
use self::decode::ACCEPTED_ENCODING;
use self::response::ResponseHead;

/// After how many polls the runtime checks its timers, however much data a server sends.
const EVENT_INTERVAL: u32 = 2;

/// A connection over smart HTTP.
#[derive(Debug)]
pub(super) struct HttpConnection<'a> {
    client: HttpClient<'a>,
    /// Taken when the connection is dropped.
    runtime: Option<Runtime>,
    /// The repository's URL, after the redirects of the first request.
    base: Url,
    /// Where the client is left when the connection is dropped, with the URL before any redirect; `None` for most.
    keeps: Option<(&'a KeptClient, Url)>,
    service: Service,
    auth: HttpAuth<'a>,
    idle: IdleTimeout,
    /// Where the user names a file of them.
    cookies: Option<RefCell<CookieJar>>,
    /// Up to here a request is collected and sent with its length, in bytes.
    post_buffer: u64,
    /// The server takes no body of unknown length.
    wants_length: bool,
    /// The proxy refused a pack, which can be sent once more with the login that was found since.
    has_new_proxy_login: bool,
    /// Whether a body of unknown length is sent in chunks: not over HTTP/2.
    has_chunks: bool,
    /// What the service answered with.
    spoken: Option<Version>,
    /// A response has come, so the next request may go over a connection that the other side is about to close.
    may_be_stale: Cell<bool>,
    redirects: Redirects,
    redirect_places: &'a RedirectPlaces,
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
        let place = target.options.kept_client.as_ref();
        let kept = match service {
            Service::UploadPackList => place.and_then(|place| place.take(&base)),
            Service::ReceivePack | Service::UploadPack => None,
        };
        let may_be_stale = kept.is_some();
        let (client, runtime) = match kept.and_then(|kept| HttpClient::of_kept(target, kept)) {
            Some(kept) => kept,
            None => (HttpClient::new(target, &base)?, runtime()?),
        };
        let place = place.filter(|_| service == Service::ReceivePack);
        let keeps = place.map(|place| (place, base.clone()));
        let cookies = target.options.cookie_file.as_deref();
        let now = Clock::System.now();
        let cookies = cookies.map(|file| RefCell::new(CookieJar::of_file(file, now)));
        Ok(Self {
            client,
            runtime: Some(runtime),
            base,
            keeps,
            service,
            auth: HttpAuth::new(target.url, target.options),
            idle: IdleTimeout::new(target.options.push_timeout),
            cookies,
            post_buffer: target.options.post_buffer,
            wants_length: false,
            has_new_proxy_login: false,
            has_chunks: true,
            spoken: None,
            may_be_stale: Cell::new(may_be_stale),
            redirects: target.options.redirects,
            redirect_places: &target.options.redirect_places,
            known: &target.options.known,
            stop: target.stop,
        })
    }

    /// Sends a small request and hands on the response.
    fn fetch_response(&mut self, body: &[u8], take: TakeLines<'_>) -> Result<(), TransportError> {
        loop {
            let request = self.post().body(body.to_vec());
            let take = &mut *take;
            let fetched = self.run(|connection| async move {
                let response = connection.send(request).await?;
                let head = ResponseHead::of(&response);
                if head.status == StatusCode::OK {
                    connection.hand_on(response, take).await?;
                    return Ok((head, Vec::new()));
                }
                Ok((head, connection.read_page(response).await?))
            });
            match fetched {
                Ok((head, _)) if head.status == StatusCode::OK => return Ok(()),
                Ok((head, page)) => return Err(self.refusal(head, &page)),
                Err(TransportError::ProxyLogin { refusal, .. }) => {
                    self.client.proxy_refused(&self.base, refusal)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts a POST to the service.
    fn post(&self) -> Request {
        let name = self.service.name();
        let (sent, wanted) = self.service.media_types();
        self.request_to(&Method::POST, &at(&self.base, &format!("/{name}")))
            .header(CONTENT_TYPE, HeaderValue::from_static(sent))
            .header(ACCEPT, HeaderValue::from_static(wanted))
    }

    fn request_to(&self, method: &Method, url: &Url) -> Request {
        let request = Request::new(method.clone(), url.clone());
        // A header of the user's own, for a gateway that breaks compression, replaces ours.
        let request = if self.auth.has_header(&ACCEPT_ENCODING) {
            request
        } else {
            request.header(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODING))
        };
        let request = self.auth.attach(request, method.as_str(), url);
        let jar = self.cookies.as_ref();
        let jar = jar.filter(|_| !self.auth.has_header(&COOKIE));
        let cookies = jar.and_then(|jar| jar.borrow().header(url, Clock::System.now()));
        let request = match cookies {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        };
        match self.service.protocol() {
            Some(version) => request.header(
                HeaderName::from_static("git-protocol"),
                HeaderValue::from_static(version),
            ),
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
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        match self.keeps.take() {
            Some((place, base)) if self.spoken.is_some() => {
                place.put(self.client.kept(base, runtime));
            }
            // A name look-up may hang on a thread of its own; it is not waited for.
            _ => runtime.shutdown_background(),
        }
    }
}

fn runtime() -> Result<Runtime, TransportError> {
    Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build()
        .map_err(|error| TransportError::Runtime(error.into()))
}

/// Returns `base` with `suffix` at the end of its path.
fn at(base: &Url, suffix: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}{suffix}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}
