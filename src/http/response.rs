//! `Response`: a bounded answer, with the time at which it came.

use hyper::header::HeaderMap;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use url::Url;

use crate::net::retry_after;

use super::error::HttpError;
use super::text::{clean_line, page_title};

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) received_at: Timestamp,
}

impl Response {
    /// Returns the status code.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Says whether the status is of the 200s.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the URL that answered, after a redirect.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns a header, when it is there once or more and is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body; at most [`BODY_LIMIT`](super::BODY_LIMIT) bytes, without the token.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns when the answer came.
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Reads the body as JSON. What is not JSON by its type or by its content is a `bad-response`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let declared = self.header("content-type");
        let is_json = declared.is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
        if !is_json {
            return Err(self.bad("JSON"));
        }
        serde_json::from_slice(&self.body).map_err(|_| self.bad("the JSON that was expected"))
    }

    /// Makes the error that says that this answer is not `expected`.
    pub fn bad(&self, expected: &'static str) -> HttpError {
        HttpError::BadResponse {
            host: host(&self.url),
            status: self.status,
            expected,
            excerpt: self.excerpt(),
        }
    }

    /// Says whether the body is a page for people, as a web server, a proxy or a sign-in gives one.
    pub fn is_page(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    /// Returns what the body is, fit to be shown: the title of a page, else its beginning, at most 200 code points on one line.
    pub fn excerpt(&self) -> String {
        let beginning = self.body.get(..2000).unwrap_or(&self.body);
        let beginning = String::from_utf8_lossy(beginning);
        if self.is_page() {
            let title = page_title(&beginning).map(|title| clean_line(title, 200));
            return match title.filter(|title| !title.is_empty()) {
                Some(title) => format!("a page that is titled `{title}`"),
                None => "a page without a title".to_owned(),
            };
        }
        let text = clean_line(&beginning, 200);
        if text.is_empty() {
            "an empty body".to_owned()
        } else {
            text
        }
    }

    /// Returns the time before which the server asks not to be bothered: `Retry-After` in seconds
    /// or as a date, at most a day from now. What cannot be read is as if it were not there.
    pub fn retry_after(&self) -> Option<Timestamp> {
        retry_after(self.header("retry-after")?, self.received_at)
    }
}

impl Response {
    /// Returns how far the server's clock is ahead of ours by its `Date`; `None` where it has none that can be read.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        let told = rfc2822::parse(self.header("date")?).ok()?.timestamp();
        Some(told.duration_since(self.received_at))
    }
}

/// Returns the host of `url` and the port that it names, for messages.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the server");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
