//! `Response`: the head of a response, and its body in chunks.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{StatusCode, Version};
use url::Url;

use super::error::ExchangeError;

/// A response whose body is still to be read.
#[derive(Debug)]
pub struct Response {
    pub(super) url: Url,
    pub(super) response: hyper::Response<Incoming>,
}

impl Response {
    /// Returns the URL that was requested.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the version of HTTP that the server spoke.
    pub fn version(&self) -> Version {
        self.response.version()
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the next bytes of the body; none at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        while let Some(frame) = self.response.frame().await {
            let frame = frame.map_err(|error| ExchangeError::Lost {
                source: error.into(),
                tls_proxy: None,
            })?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}
