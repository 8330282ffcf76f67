//! What the status and the headers of an HTTP answer mean.

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Response, StatusCode};

use crate::git::push::error::PushError;

use super::answer::clean_line;

/// Returns where a redirect leads.
pub(super) fn location(response: &Response) -> String {
    let header = response.headers().get(LOCATION);
    let text = header.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// Returns the media type of an answer, in lower case and without parameters.
pub(super) fn media_type(response: &Response) -> String {
    let header = response.headers().get(CONTENT_TYPE);
    let text = header.and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default();
    let kind = text.split_once(';').map_or(text, |(kind, _)| kind);
    kind.trim().to_ascii_lowercase()
}

/// Returns the error that a status other than 200 and 401 stands for.
pub(super) fn refusal(status: StatusCode, body: &[u8], host: &str) -> PushError {
    let text = clean_line(body);
    let said = if text.starts_with('<') {
        String::new()
    } else {
        text
    };
    let host = host.to_owned();
    match status.as_u16() {
        403 => PushError::Forbidden { host, said },
        404 | 410 => PushError::NotFound { place: host },
        413 => PushError::TooLarge { said },
        code @ (408 | 425 | 429 | 500..=599) => PushError::Unavailable { host, code },
        code => PushError::Status { host, code },
    }
}
