//! `Request`: what is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use url::Url;

use super::error::ExchangeError;

/// A request to the origin of a client. `Debug` shows where it goes, and neither its URL nor its headers, which can hold logins.
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    body: RequestBody,
}

/// The body of a request.
enum RequestBody {
    /// It can be sent more than once.
    Bytes(Bytes),
    Stream(SentBody),
}

impl Request {
    /// Makes a request without headers and body. A login in the URL is not sent.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: RequestBody::Bytes(Bytes::new()),
        }
    }

    /// Returns the URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header; those of the same name stay.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = RequestBody::Bytes(body.into());
        self
    }

    /// Sets a body that is made while it is sent; so the request is never sent twice.
    #[must_use]
    pub fn stream<B>(mut self, body: B) -> Self
    where
        B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
    {
        self.body = RequestBody::Stream(SentBody(Box::pin(body)));
        self
    }

    /// Returns a copy; none where the body is a stream.
    pub fn try_clone(&self) -> Option<Self> {
        let RequestBody::Bytes(bytes) = &self.body else {
            return None;
        };
        Some(Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: RequestBody::Bytes(bytes.clone()),
        })
    }

    /// Returns what is requested, as the request line to a proxy has it: without the login and the fragment.
    pub(super) fn target(&self) -> String {
        let mut url = self.url.clone();
        url.set_fragment(None);
        // Both succeed on a URL with a host.
        let _same = url.set_username("");
        let _same = url.set_password(None);
        url.into()
    }

    /// Makes the request of the library of it.
    pub(super) fn into_http(self) -> Result<hyper::Request<SentBody>, ExchangeError> {
        let unusable = |error: hyper::http::uri::InvalidUri| ExchangeError::Unusable(error.into());
        let uri: Uri = self.target().parse().map_err(unusable)?;
        let mut request = hyper::Request::new(match self.body {
            RequestBody::Bytes(bytes) => SentBody::of_bytes(bytes),
            RequestBody::Stream(body) => body,
        });
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "Request({} to {host})", self.method)
    }
}

/// A body as the library takes it.
pub(super) struct SentBody(Pin<Box<dyn Body<Data = Bytes, Error = io::Error> + Send>>);

impl SentBody {
    fn of_bytes(bytes: Bytes) -> Self {
        Self(Box::pin(Full::new(bytes).map_err(|never| match never {})))
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn a_request_shows_no_login_where_it_is_logged() {
        let url = Url::parse("https://user:CANARY@git.test/o/r?token=CANARY").unwrap();
        let login = HeaderValue::from_static("Basic CANARY");
        let request = Request::new(Method::POST, url).header(AUTHORIZATION, login);
        let shown = format!("{:?}", request.body("CANARY"));
        assert_eq!(shown, "Request(POST to git.test)");
    }
}
