//! One exchange over HTTP: sent, given up after the idle timeout, and its answer read within a limit.

use std::time::Duration;

use hyper::{StatusCode, Version};
use sendoff_push::ADVERTISEMENT_CAP;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::git::transport::classify::is_disconnect;
use crate::git::transport::idle_timeout::POLL_INTERVAL;
use crate::git::transport::{TakeLines, TransportError};
use crate::net::{Request, Response};

use super::HttpConnection;
use super::decode::{CappedSink, Decoder, Encoding, shown};
use super::response::media_type;

/// How much of an error page is read, in bytes: more than is shown, so that a secret in it is recognised whole.
const ERROR_BODY_LIMIT: usize = 8 * 1024;
/// How long what is left of a response may take where nothing depends on it: less than a connection to a busy server.
pub(super) const END_TIMEOUT: Duration = Duration::from_millis(500);

impl HttpConnection<'_> {
    /// Runs one exchange, and gives it up after the idle timeout or when the caller stops the push.
    pub(super) fn run<'s, T, F>(
        &'s self,
        work: impl FnOnce(&'s Self) -> F,
    ) -> Result<T, TransportError>
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

    /// Sends a request and returns the response's head. A response of git's in an unsupported content encoding is an
    /// error.
    ///
    /// A request that can be repeated is sent once more where a kept connection ended before the response began, as
    /// libcurl does: RFC 9112, section 9.3.1. For a pack the remote is asked first whether it arrived.
    pub(super) async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let again = request.try_clone();
        let response = match (self.client.send(request).await, again) {
            (Err(error), Some(again)) if self.lost_stale(&error) => self.client.send(again).await?,
            (sent, _) => sent?,
        };
        // HTTP/2 says itself which requests it did not begin.
        self.may_be_stale
            .set(response.version() <= Version::HTTP_11);
        self.idle.reset();
        if let Some(jar) = &self.cookies {
            let now = Clock::System.now();
            jar.borrow_mut()
                .take(response.headers(), response.url(), now);
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

    /// Says, once for each response, whether a request was lost because the connection that it reused had ended.
    pub(super) fn lost_stale(&self, error: &TransportError) -> bool {
        is_disconnect(error) && self.may_be_stale.replace(false)
    }

    /// Reads an error page: a part of it is enough. That of a refused login is not waited for: its status says enough.
    pub(super) async fn read_page(&self, response: Response) -> Result<Vec<u8>, TransportError> {
        let is_refused_login = response.status() == StatusCode::UNAUTHORIZED;
        let mut page = Vec::new();
        let mut take = |piece: &[u8]| page.extend_from_slice(piece);
        let read = self.read(response, ERROR_BODY_LIMIT, &mut take);
        if is_refused_login {
            let _part = timeout(END_TIMEOUT, read).await;
        } else {
            let _part = read.await?;
        }
        Ok(page)
    }

    /// Hands a body on as it comes; one that never ends is an error.
    pub(super) async fn hand_on(
        &self,
        response: Response,
        take: TakeLines<'_>,
    ) -> Result<(), TransportError> {
        let whole = self.read(response, ADVERTISEMENT_CAP, take).await?;
        whole.map_err(|_| TransportError::Garbled)
    }

    /// Hands on at most `cap` bytes of a body, and says whether that was all of it.
    pub(super) async fn read(
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
        if whole.is_ok() {
            put_back(response).await;
        }
        Ok(whole.and_then(|()| decoder.end()))
    }
}

/// After how many times of yielding two tasks, of which one wakes the other, have surely run. Each is a few microseconds.
const YIELDS_FOR_TWO_TASKS: usize = 4;

/// Lets the connection of a response that was read to its end be used again: the connection's own task sees the end, and
/// wakes the one that puts the connection back.
pub(super) async fn put_back(response: Response) {
    drop(response);
    for _turn in 0..YIELDS_FOR_TWO_TASKS {
        yield_now().await;
    }
}
