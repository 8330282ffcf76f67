//! Smart HTTP: one client, a login that goes with the first request, a pack streamed while it is made.

use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::thread;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::sleep;

use crate::git::push::commands::SideBand;
use crate::git::push::error::PushError;
use crate::net::ClientSettings;
use crate::net::client_builder;
use crate::net::may_follow;

use super::answer::{Answer, Demux};
use super::http_answer::{Head, location, media_type, refusal};
use super::http_body::{Piece, PieceWriter, StreamedBody};
use super::login::Logins;
use super::pulse::{Pulse, TICK};
use super::{ADVERTISEMENT_CAP, Effect, Failed, Service, Target, WritePack};

/// Up to here a request is collected and sent with its length; the same as git's `http.postBuffer`.
const COLLECTED: usize = 1 << 20;
/// How many pieces of the pack may wait to be sent.
const PIECES: usize = 16;
/// After so many steps the clock is looked at, however much a server says meanwhile.
const EVENTS: u32 = 2;
/// How much of an error page is shown, in bytes.
const EXCERPT: usize = 200;

/// A conversation over smart HTTP.
#[derive(Debug)]
pub(in crate::git::push) struct HttpLink<'a> {
    client: Client,
    /// Taken when the link is dropped.
    runtime: Option<Runtime>,
    /// The repository's URL, after the redirects of the first request.
    base: Url,
    service: Service,
    logins: Logins<'a>,
    pulse: Pulse,
    stop: &'a AtomicBool,
}

impl<'a> HttpLink<'a> {
    /// Makes the client. Nothing is sent yet.
    pub(super) fn open(target: Target<'a>, service: Service) -> Result<Self, PushError> {
        let base = target.url.http_url().ok_or(PushError::Scheme("http"))?;
        if !target.options.plain_http.allows(&base) {
            return Err(PushError::PlainHttp);
        }
        let settings = ClientSettings {
            connect_timeout: target.options.connect_timeout,
            extra_roots: target.options.extra_roots.clone(),
            proxy: target.options.proxy.clone(),
            user_agent: target.options.user_agent.clone(),
        };
        let client = client_builder(&base, &settings)
            .map_err(PushError::Connection)?
            .build()
            .map_err(PushError::Client)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENTS)
            .build()
            .map_err(PushError::Runtime)?;
        Ok(Self {
            client,
            runtime: Some(runtime),
            base,
            service,
            logins: Logins::new(target.url, target.options),
            pulse: Pulse::new(target.options.push_timeout),
            stop: target.stop,
        })
    }

    /// Asks for the advertisement: follows redirects at the same origin, asks for a login once.
    pub(super) fn advertise(&mut self) -> Result<Vec<u8>, PushError> {
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
                    return Err(PushError::NotGit {
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
                    let to = url.join(&to).map_err(|_| PushError::Garbled)?;
                    may_follow(&url, &to, hops).map_err(PushError::Redirect)?;
                    self.base = repository(&to, &url)?;
                    url = to;
                    hops += 1;
                }
                _ => return Err(refusal(head, &body, &self.logins.host())),
            }
        }
    }

    /// Sends a small request and reads the answer.
    pub(super) fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, PushError> {
        let request = self.post().body(body.to_vec());
        let (head, body) = self.run(|link| async move {
            let response = link.send(request).await?;
            let head = Head::of(&response);
            Ok((head, link.read(response, ADVERTISEMENT_CAP).await?))
        })?;
        if head.status == StatusCode::OK {
            Ok(body)
        } else {
            Err(refusal(head, &body, &self.logins.host()))
        }
    }

    /// Sends the request while `pack` writes it, and returns the answer.
    pub(super) fn exchange(
        &mut self,
        head: &[u8],
        pack: WritePack<'_>,
        side_band: SideBand,
    ) -> Result<Answer, Failed> {
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
            Posted::Unauthorised => Err(Failed::without_effect(self.logins.error())),
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
                Ok(Posted::Answer(answer))
            }
            Ok(Ok(posted)) => Ok(posted),
            Ok(Err(failed)) => Err(failed),
            Err(error) => Err(Failed::unknown(error)),
        }
    }

    /// Drives one exchange, and gives it up when nothing moves or the caller wants to end.
    fn run<'s, T, F>(&'s self, work: impl FnOnce(&'s Self) -> F) -> Result<T, PushError>
    where
        F: Future<Output = Result<T, PushError>>,
    {
        let Some(runtime) = &self.runtime else {
            return Err(PushError::Garbled);
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

    async fn send(&self, request: RequestBuilder) -> Result<Response, PushError> {
        let response = request.send().await.map_err(PushError::from_http)?;
        self.pulse.beat();
        Ok(response)
    }

    /// Reads a body; an error when it is longer than the cap of a good answer.
    async fn read(&self, mut response: Response, cap: usize) -> Result<Vec<u8>, PushError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(PushError::from_http)? {
            self.pulse.heard(piece.len());
            if body.len() + piece.len() > cap {
                let room = cap - body.len();
                body.extend(piece.iter().take(room));
                return if cap == EXCERPT {
                    Ok(body)
                } else {
                    Err(PushError::Garbled)
                };
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    async fn read_answer(
        &self,
        mut response: Response,
        side_band: SideBand,
    ) -> Result<Answer, PushError> {
        let mut demux = Demux::new(side_band);
        while !demux.is_done() {
            let piece = response.chunk().await.map_err(PushError::from_http)?;
            let piece = piece.ok_or(PushError::Garbled)?;
            self.pulse.beat();
            demux.feed(&piece).map_err(|_| PushError::Garbled)?;
        }
        Ok(demux.finish())
    }

    fn post(&self) -> RequestBuilder {
        let name = self.service.name();
        self.request_to(Method::POST, at(&self.base, &format!("/{name}")))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
    }

    fn request_to(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        let request = self.logins.attach(request);
        match self.service.protocol() {
            Some(version) => request.header("git-protocol", version),
            None => request,
        }
    }
}

impl Drop for HttpLink<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A look-up of a name may hang on a thread of its own; nobody waits for it.
            runtime.shutdown_background();
        }
    }
}

enum Posted {
    Answer(Answer),
    Unauthorised,
}

/// Returns `base` with `suffix` at the end of its path.
fn at(base: &Url, suffix: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}{suffix}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// Returns the repository's URL when a redirect leads to the same question about another path.
fn repository(to: &Url, asked: &Url) -> Result<Url, PushError> {
    let path = to.path().strip_suffix("/info/refs");
    match path {
        Some(path) if to.query() == asked.query() => {
            let mut base = to.clone();
            base.set_path(path);
            base.set_query(None);
            base.set_fragment(None);
            Ok(base)
        }
        _ => Err(PushError::RedirectElsewhere),
    }
}
