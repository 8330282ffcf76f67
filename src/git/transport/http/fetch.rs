//! The POST of a fetch, whose answer is handed on as it comes in.

use std::cell::RefCell;
use std::io::{self, Write};

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use sendoff_push::ClassifiedError;

use crate::git::transport::TransportError;
use crate::git::transport::fetch::{Take, Taken};
use crate::net::{Challenges, ProxyLoginRefused};

use super::HttpConnection;
use super::decode::Decoder;
use super::response::{ResponseHead, media_type};

/// The result of one request.
enum Fetched {
    Whole,
    Unauthorized(Challenges),
    /// The proxy handed nothing on.
    ProxyRefused(ProxyLoginRefused),
    Refused(ResponseHead, Vec<u8>),
}

/// Hands on what is decoded.
struct TakeWriter<'t, 'f> {
    take: &'t mut Take<'f>,
    end: Option<Result<(), Box<dyn ClassifiedError>>>,
}

impl Write for TakeWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.end.is_none() {
            self.end = match (self.take)(bytes) {
                Ok(Taken::More) => return Ok(bytes.len()),
                Ok(Taken::Whole) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
        }
        // Nothing more is needed.
        Err(io::Error::other("the answer ends here"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl HttpConnection<'_> {
    /// Sends the request, with another login where the server wants one, and hands on the answer.
    pub(super) fn fetch(
        &mut self,
        body: &[u8],
        take: &mut Take<'_>,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        loop {
            match self.fetch_once(body, take)? {
                Fetched::Whole => return Ok(()),
                Fetched::Unauthorized(offered) => self.auth.refused(&offered)?,
                Fetched::ProxyRefused(refusal) => self.client.proxy_refused(&self.base, refusal)?,
                Fetched::Refused(head, page) => return Err(self.refusal(head, &page).into()),
            }
        }
    }

    fn fetch_once(
        &self,
        body: &[u8],
        take: &mut Take<'_>,
    ) -> Result<Fetched, Box<dyn ClassifiedError>> {
        let request = self.post().body(body.to_vec());
        // The caller's own error is of another type than the transport's.
        let taken = RefCell::new(None);
        let fetched = self.run(|connection| {
            let taken = &taken;
            async move {
                let mut response = match connection.send(request).await {
                    Err(TransportError::ProxyLogin { refusal, .. }) => {
                        return Ok(Fetched::ProxyRefused(refusal));
                    }
                    sent => sent?,
                };
                let head = ResponseHead::of(&response);
                match head.status {
                    StatusCode::OK => {}
                    StatusCode::UNAUTHORIZED => {
                        return Ok(Fetched::Unauthorized(Challenges::of(
                            response.headers(),
                            &WWW_AUTHENTICATE,
                        )));
                    }
                    _ => {
                        let page = connection.read_page(response).await?;
                        return Ok(Fetched::Refused(head, page));
                    }
                }
                if media_type(&response) != connection.service.media_types().1 {
                    return Err(TransportError::NotGit {
                        host: connection.auth.host(),
                    });
                }
                let mut decoder = Decoder::of(&response, TakeWriter { take, end: None });
                while let Some(chunk) = response
                    .chunk()
                    .await
                    .map_err(|error| connection.client.classify(error))?
                {
                    connection.idle.received(chunk.len());
                    let fed = decoder.feed(&chunk);
                    if let Some(end) = decoder.sink_mut().end.take() {
                        taken.replace(Some(end));
                        return Ok(Fetched::Whole);
                    }
                    fed.map_err(|_| TransportError::Garbled)?;
                }
                Err(TransportError::Garbled)
            }
        })?;
        match taken.take() {
            Some(Err(error)) => Err(error),
            _ => Ok(fetched),
        }
    }
}
