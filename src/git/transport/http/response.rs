//! The status and the headers of a response, and the errors that they mean.

use std::time::Duration;

use hyper::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use hyper::{StatusCode, Version};
use sendoff_push::{is_read_only, sanitize_line};

use crate::clock::Clock;
use crate::git::transport::TransportError;
use crate::net::{Response, retry_after};
use crate::secrets::KnownSecrets;

/// How many characters of an error page are shown.
const MAX_SHOWN_BODY: usize = 200;

/// The status of a response, and `Retry-After`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResponseHead {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    retry_after: Option<Duration>,
}

impl ResponseHead {
    /// Reads the status and `Retry-After`.
    pub(super) fn of(response: &Response) -> Self {
        let now = Clock::System.now();
        let header = response.headers().get(RETRY_AFTER);
        let until = header.and_then(|value| retry_after(value.to_str().ok()?, now));
        Self {
            status: response.status(),
            version: response.version(),
            retry_after: until.and_then(|at| at.duration_since(now).try_into().ok()),
        }
    }
}

/// Returns the `Location` of a redirect.
pub(super) fn location(response: &Response) -> String {
    let header = response.headers().get(LOCATION);
    let text = header.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// Returns the media type of a response, in lower case and without parameters.
pub(super) fn media_type(response: &Response) -> String {
    let header = response.headers().get(CONTENT_TYPE);
    let text = header.and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default();
    let kind = text.split_once(';').map_or(text, |(kind, _)| kind);
    kind.trim().to_ascii_lowercase()
}

/// Returns what an error page says, as it may be shown; nothing of one that is for browsers.
pub(super) fn shown_page(body: &[u8], known: &KnownSecrets) -> String {
    let text = sanitize_line(body, known);
    if text.starts_with('<') {
        String::new()
    } else {
        text.chars().take(MAX_SHOWN_BODY).collect()
    }
}

/// Returns the error that a status other than 200 and 401 means.
pub(super) fn refusal(
    head: ResponseHead,
    body: &[u8],
    host: &str,
    known: &KnownSecrets,
) -> TransportError {
    let said = shown_page(body, known);
    let host = host.to_owned();
    match head.status.as_u16() {
        403 if is_read_only(&said) => TransportError::ReadOnly { said },
        403 | 451 => TransportError::Forbidden { host, said },
        404 | 410 => TransportError::NotFound { place: host, said },
        413 => TransportError::TooLarge { said },
        code @ (408 | 425 | 429 | 500..=599) => TransportError::Unavailable {
            host,
            code,
            said,
            retry_after: head.retry_after,
        },
        code => TransportError::Status { host, code, said },
    }
}
