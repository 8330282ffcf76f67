//! `Response`: the head of a response, and its body in chunks.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{StatusCode, Version};
use url::Url;

use crate::net::tls_advice::TlsPlace;

use super::error::ExchangeError;

/// A response whose body is still to be read.
#[derive(Debug)]
pub struct Response {
    pub(super) url: Url,
    pub(super) http: hyper::Response<Incoming>,
    /// The proxy with which TLS is spoken, where it hands on each request.
    pub(super) tls_proxy: Option<TlsPlace>,
}

impl Response {
    /// Returns the URL that was requested.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.http.status()
    }

    /// Returns the version of HTTP that the server spoke.
    pub fn version(&self) -> Version {
        self.http.version()
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        self.http.headers()
    }

    /// Returns the next bytes of the body; none at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        while let Some(frame) = self.http.frame().await {
            let frame = frame.map_err(|error| ExchangeError::Lost {
                source: error.into(),
                tls_proxy: self.tls_proxy.clone(),
            })?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}
