//! Smart HTTP: one client, a login that goes with the first request, and what is asked before a push.

mod auth;
mod body;
mod decode;
mod post;
mod response;

use std::future::Future;
use std::sync::atomic::AtomicBool;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use sendoff_push::sideband::Answer;
use sendoff_push::{ADVERTISEMENT_CAP, ClassifiedError, Connection, RequestBody, SendError};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::git::transport::classify::from_http;
use crate::git::transport::idle_timeout::{Pulse, TICK};
use crate::git::transport::service::Service;
use crate::git::transport::{ServiceConnection, Target, TransportError};
use crate::net::{ClientSettings, client_builder, may_follow};
use crate::secrets::KnownSecrets;

use self::auth::Logins;
use self::decode::{Decoder, ENCODING, Encoding, Gathered, shown};
use self::response::{Head, location, media_type, refusal};

/// After so many steps the clock is looked at, however much a server says meanwhile.
const EVENTS: u32 = 2;
/// How much of an error page is read, in bytes: more than is shown of it, so that a secret in it is known for one.
const EXCERPT: usize = 8 * 1024;

/// A conversation over smart HTTP.
#[derive(Debug)]
pub(super) struct HttpLink<'a> {
    client: Client,
    /// Taken when the link is dropped.
    runtime: Option<Runtime>,
    /// The repository's URL, after the redirects of the first request.
    base: Url,
    service: Service,
    logins: Logins<'a>,
    pulse: Pulse,
    /// Up to here a request is collected and sent with its length, in bytes.
    collected: usize,
    known: &'a KnownSecrets,
    stop: &'a AtomicBool,
}

impl<'a> HttpLink<'a> {
    /// Makes the client. Nothing is sent yet.
    pub(super) fn open(target: Target<'a>, service: Service) -> Result<Self, TransportError> {
        let base = target
            .url
            .http_url()
            .ok_or(TransportError::Scheme("http"))?;
        if !target.options.plain_http.allows(&base) {
            return Err(TransportError::PlainHttp);
        }
        let settings = ClientSettings {
            connect_timeout: target.options.connect_timeout,
            extra_roots: target.options.extra_roots.clone(),
            proxy: target.options.proxy.clone(),
            no_proxy: target.options.no_proxy.clone(),
            version: target.options.http_version,
            user_agent: target.options.user_agent.clone(),
        };
        let client = client_builder(&base, &settings)
            .map_err(|error| TransportError::Connection(error.into()))?
            .build()
            .map_err(|error| TransportError::Client(error.into()))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENTS)
            .build()
            .map_err(|error| TransportError::Runtime(error.into()))?;
        Ok(Self {
            client,
            runtime: Some(runtime),
            base,
            service,
            logins: Logins::new(target.url, target.options),
            pulse: Pulse::new(target.options.push_timeout),
            collected: target.options.post_buffer,
            known: &target.options.known,
            stop: target.stop,
        })
    }

    /// Asks for the advertisement: follows redirects at the same origin, asks for a login once.
    fn ask(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut url = at(&self.base, "/info/refs");
        url.set_query(Some(&format!("service={}", self.service.name())));
        let wanted = format!("application/x-{}-advertisement", self.service.name());
        let mut hops = 0;
        loop {
            let request = self.request_to(Method::GET, url.clone());
            let wanted = wanted.as_str();
            let (head, body) = self.run(|link| async move {
                let response = link.send(request).await?;
                let head = Head::of(&response);
                if head.status.is_redirection() {
                    return Ok((head, location(&response).into_bytes()));
                }
                if head.status == StatusCode::OK && media_type(&response) != wanted {
                    return Err(TransportError::NotGit {
                        host: link.logins.host(),
                    });
                }
                let cap = if head.status == StatusCode::OK {
                    ADVERTISEMENT_CAP
                } else {
                    EXCERPT
                };
                let body = link.read(response, cap).await?;
                Ok((head, body))
            })?;
            match head.status {
                StatusCode::OK => {
                    self.logins.accepted();
                    return Ok(body);
                }
                StatusCode::UNAUTHORIZED => self.logins.refused()?,
                status if status.is_redirection() => {
                    let to = String::from_utf8_lossy(&body);
                    let to = url.join(&to).map_err(|_| TransportError::Garbled)?;
                    may_follow(&url, &to, hops)
                        .map_err(|refused| TransportError::Redirect(refused.into()))?;
                    self.base = repository(&to, &url)?;
                    url = to;
                    hops += 1;
                }
                _ => return Err(self.refusal(head, &body)),
            }
        }
    }

    /// Sends a small request and reads the answer.
    fn ask_for(&mut self, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let request = self.post().body(body.to_vec());
        let (head, body) = self.run(|link| async move {
            let response = link.send(request).await?;
            let head = Head::of(&response);
            Ok((head, link.read(response, ADVERTISEMENT_CAP).await?))
        })?;
        if head.status == StatusCode::OK {
            Ok(body)
        } else {
            Err(self.refusal(head, &body))
        }
    }

    /// Returns the error that an answer other than 200 and 401 stands for.
    fn refusal(&self, head: Head, body: &[u8]) -> TransportError {
        refusal(head, body, &self.logins.host(), self.known)
    }

    /// Drives one exchange, and gives it up when nothing moves or the caller wants to end.
    fn run<'s, T, F>(&'s self, work: impl FnOnce(&'s Self) -> F) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, TransportError>>,
    {
        let Some(runtime) = &self.runtime else {
            return Err(TransportError::Garbled);
        };
        self.pulse.work_ends();
        // Exchanges that are quicker than a tick would not notice otherwise.
        if let Some(interruption) = self.pulse.check(self.stop) {
            return Err(interruption.into());
        }
        let watch = async {
            loop {
                sleep(TICK).await;
                if let Some(interruption) = self.pulse.check(self.stop) {
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

    /// Sends a request; the answer begins with the status and the headers. It is an error when it is
    /// one of git's in an encoding that is not read here.
    async fn send(&self, request: RequestBuilder) -> Result<Response, TransportError> {
        let response = request.send().await.map_err(from_http)?;
        self.pulse.beat();
        // A page that is none of git's is told to be one, whatever it is written in.
        if response.status() == StatusCode::OK
            && media_type(&response).starts_with("application/x-git-")
            && let Encoding::Other(name) = Encoding::of(response.headers())
        {
            return Err(TransportError::Encoding {
                host: self.logins.host(),
                encoding: shown(&name, self.known),
            });
        }
        Ok(response)
    }

    /// Reads a body; an error when it is longer than the cap of a good answer.
    async fn read(&self, mut response: Response, cap: usize) -> Result<Vec<u8>, TransportError> {
        let mut decoder = Decoder::of(&response, Gathered::new(cap));
        let mut whole = Ok(());
        while let Some(piece) = response.chunk().await.map_err(from_http)? {
            let before = decoder.sink().len();
            whole = decoder.feed(&piece);
            self.pulse.heard(decoder.sink().len() - before);
            if whole.is_err() {
                break;
            }
        }
        let whole = whole.and_then(|()| decoder.end());
        // Of what is shown to people any part will do.
        if whole.is_err() && cap != EXCERPT {
            return Err(TransportError::Garbled);
        }
        Ok(decoder.sink_mut().take())
    }

    /// Begins a request to the service.
    fn post(&self) -> RequestBuilder {
        let name = self.service.name();
        self.request_to(Method::POST, at(&self.base, &format!("/{name}")))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
    }

    fn request_to(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        // What the user asks for, as where a gateway breaks what it compresses, is all that is asked for.
        let request = if self.logins.has_header(&ACCEPT_ENCODING) {
            request
        } else {
            request.header(ACCEPT_ENCODING, ENCODING)
        };
        let request = self.logins.attach(request);
        match self.service.protocol() {
            Some(version) => request.header("git-protocol", version),
            None => request,
        }
    }
}

impl ServiceConnection for HttpLink<'_> {
    fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, Box<dyn ClassifiedError>> {
        Ok(self.ask_for(body)?)
    }
}

impl Connection for HttpLink<'_> {
    fn advertise(&mut self) -> Result<Vec<u8>, Box<dyn ClassifiedError>> {
        Ok(self.ask()?)
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        self.push(request)
    }

    fn close(self: Box<Self>) {}
}

impl Drop for HttpLink<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A look-up of a name may hang on a thread of its own; nobody waits for it.
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

/// Returns the repository's URL when a redirect leads to the same question about another path.
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
