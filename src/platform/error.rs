//! `PlatformError`: what the platform refused or could not do.

use jiff::Timestamp;
use serde_json::Value;

use crate::http::{HttpError, HttpErrorClass, Response, clean_line};
use crate::reason::Code;

/// Why a request to the platform failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlatformError {
    /// What kind of failure it is; decides whether trying again makes sense.
    pub class: PlatformErrorClass,
    /// One line: what happened, with the platform's message sanitized.
    pub message: String,
    /// The time before which another try is pointless; only where the platform named one.
    pub not_before: Option<Timestamp>,
    /// What to do about it, where that is more specific than the class.
    pub advice: Option<String>,
    /// Whether the platform may have acted on the request all the same.
    pub may_have_arrived: bool,
}

/// The kinds of failure. Each has a stable code in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlatformErrorClass {
    /// The platform's URL cannot be used.
    Url,
    /// The workspace's id has characters that an id cannot have.
    WorkspaceId,
    /// The token's file cannot be used.
    TokenFile,
    /// The token was sent to another address before, and no policy names this one.
    TokenUnbound,
    /// The token is missing, wrong or expired.
    Auth,
    /// The platform has no such workspace.
    WorkspaceUnknown,
    /// The platform refused the content of the request.
    Refused,
    /// Too many requests.
    RateLimited,
    /// The platform is not available.
    Unavailable,
    /// There was no usable response: an error of the connection, a certificate, a redirect or the body.
    Http(HttpErrorClass),
}

impl PlatformErrorClass {
    /// Returns the code that stands in reports.
    pub const fn code(self) -> Code {
        match self {
            Self::Url => Code::PlatformUrl,
            Self::WorkspaceId => Code::WorkspaceId,
            Self::TokenFile => Code::TokenFile,
            Self::TokenUnbound => Code::PlatformTokenUnbound,
            Self::Auth => Code::Auth,
            Self::WorkspaceUnknown => Code::WorkspaceUnknown,
            Self::Refused => Code::Refused,
            Self::RateLimited => Code::RateLimited,
            Self::Unavailable => Code::Unavailable,
            Self::Http(class) => class.code(),
        }
    }

    /// Says whether the same request can succeed later with nothing changed.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable => true,
            Self::Http(class) => class.is_transient(),
            _ => false,
        }
    }

    /// Returns what to do, in one line.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Url => "set PLATFORM_URL to an http or https URL without user and password",
            Self::WorkspaceId => {
                "set WORKSPACE_ID to letters, digits, dots, dashes and underscores"
            }
            Self::TokenUnbound => {
                "if the platform has moved, set `platform.url` in the user's or the system's policy"
            }
            Self::TokenFile => "put the token alone on one line of the file",
            Self::Auth => "renew the token in the file that `platform.token-file` names",
            Self::WorkspaceUnknown => "check WORKSPACE_ID; the platform does not know it",
            Self::Refused => "shorten what is sent, or check its scope",
            Self::RateLimited => "run again when the limit ends",
            Self::Unavailable => "run again when the platform is back",
            Self::Http(class) => class.advice(),
        }
    }
}

impl PlatformError {
    /// Makes an error without a time.
    pub fn new(class: PlatformErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            not_before: None,
            advice: None,
            may_have_arrived: false,
        }
    }

    /// Returns the stable code of its class.
    pub const fn code(&self) -> Code {
        self.class.code()
    }

    /// Says whether the same request can succeed later with nothing changed.
    pub const fn is_transient(&self) -> bool {
        self.class.is_transient()
    }

    /// Returns what to do, in one line.
    pub fn advice(&self) -> String {
        let own = self.advice.clone();
        own.unwrap_or_else(|| self.class.advice().to_owned())
    }

    /// Classifies an error response.
    pub(super) fn of(response: &Response) -> Self {
        let host = clean_line(response.url().host_str().unwrap_or("the platform"), 100);
        let status = response.status();
        if response.is_page()
            && (400..500).contains(&status)
            && !matches!(status, 408 | 421 | 425 | 429)
        {
            let error = Self::from(response.bad("an answer of the platform's API"));
            return Self {
                advice: Some(WEB_PAGE_ADVICE.to_owned()),
                ..error
            };
        }
        let (class, what) = match status {
            401 | 403 => (PlatformErrorClass::Auth, "refused the token"),
            404 | 410 => (
                PlatformErrorClass::WorkspaceUnknown,
                "does not know the workspace",
            ),
            429 => (
                PlatformErrorClass::RateLimited,
                "takes no more requests for now",
            ),
            500.. | 408 | 421 | 425 => (PlatformErrorClass::Unavailable, "failed"),
            300..=399 => return response.bad("an answer of the platform's API").into(),
            _ => (PlatformErrorClass::Refused, "refused the request"),
        };
        let advice = match status {
            400 | 422 => None,
            413 => Some("shorten what is sent"),
            405 | 406 | 415 => {
                Some("check PLATFORM_URL: what answers there takes no such requests")
            }
            402 | 409 | 411..=499 if class == PlatformErrorClass::Refused => {
                Some("see what the platform says: the same request is refused again")
            }
            _ => None,
        };
        let not_before = match class {
            PlatformErrorClass::RateLimited | PlatformErrorClass::Unavailable => {
                response.retry_after()
            }
            _ => None,
        };
        let message = format!("`{host}` {what} ({status}): {}", said(response));
        Self {
            not_before,
            advice: advice.map(str::to_owned),
            // A proxy answers like this, too, when the platform took too long.
            may_have_arrived: class == PlatformErrorClass::Unavailable,
            ..Self::new(class, message)
        }
    }
}

/// What to do about a page of a web server in the platform's place.
const WEB_PAGE_ADVICE: &str = "check PLATFORM_URL, and what stands between here and the platform: a page of a web server answered in its place";

/// Returns what a refusal says: its `error` or `message` where it is JSON, else its beginning.
fn said(response: &Response) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = ["error", "message", "detail"]
        .into_iter()
        .find_map(|key| body.get(key).and_then(Value::as_str))
        .map(|text| clean_line(text, 200));
    match text {
        Some(text) if !text.is_empty() => text.trim_end_matches('.').to_owned(),
        _ => response.excerpt(),
    }
}

impl From<HttpError> for PlatformError {
    fn from(error: HttpError) -> Self {
        let class = match error.class() {
            // The one thing in our requests that is not ours is the token.
            HttpErrorClass::Unusable => PlatformErrorClass::TokenFile,
            class => PlatformErrorClass::Http(class),
        };
        Self {
            advice: error.own_advice().map(str::to_owned),
            may_have_arrived: error.may_have_acted(),
            ..Self::new(class, error.to_string())
        }
    }
}
