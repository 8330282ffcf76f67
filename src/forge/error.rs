//! `ForgeError`: what the forge refused or could not do.

use jiff::Timestamp;

use crate::http::{HttpError, HttpErrorClass};
use crate::reason::{Code, Reason};

/// Why a request to a forge failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ForgeError {
    /// What kind of failure it is; decides whether trying again makes sense.
    pub class: ForgeErrorClass,
    /// What happened, with the forge's message sanitized, and what to do.
    pub reason: Reason,
    /// The time before which another try is pointless; only where the forge named or implied one.
    pub not_before: Option<Timestamp>,
    /// What has to be given in place of what was, where a new one of the same kind would be refused again.
    wants: Option<&'static str>,
}

/// The kinds of failure. Each has a stable code in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgeErrorClass {
    /// 401: the token is missing, wrong or expired.
    Auth,
    /// The token is valid but lacks a permission.
    Forbidden,
    /// The organisation requires the token to be authorised for its single sign-on.
    Sso,
    /// The repository does not exist, or is hidden from the token.
    NotFound,
    /// The repository is archived: read only.
    Archived,
    /// Too many requests.
    RateLimited,
    /// The forge has no branch of the base's name.
    BaseMissing,
    /// The forge has no branch of the head's name, or not yet.
    HeadMissing,
    /// The forge says that a pull request exists, but does not list it, or not yet.
    Unlisted,
    /// The forge refused the content of the request.
    Validation,
    /// The resource or the endpoint was removed.
    Gone,
    /// The forge itself failed.
    Server,
    /// There was no usable response: an error of the connection, a certificate, a redirect or the body.
    Http(HttpErrorClass),
}

impl ForgeErrorClass {
    /// Returns the code that stands in reports.
    pub const fn code(self) -> Code {
        match self {
            Self::Auth => Code::Auth,
            Self::Forbidden => Code::Forbidden,
            Self::Sso => Code::Sso,
            Self::NotFound => Code::NotFound,
            Self::Archived => Code::Archived,
            Self::RateLimited => Code::RateLimited,
            Self::BaseMissing => Code::BaseMissing,
            Self::HeadMissing => Code::HeadMissing,
            Self::Unlisted => Code::Unlisted,
            Self::Validation => Code::Validation,
            Self::Gone => Code::Gone,
            Self::Server => Code::ServerError,
            Self::Http(class) => class.code(),
        }
    }

    /// Says whether the same request can succeed later with nothing changed.
    ///
    /// A head that the forge does not know counts: a push shows there a moment later.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::RateLimited | Self::HeadMissing | Self::Unlisted | Self::Server => true,
            Self::Http(class) => class.is_transient(),
            _ => false,
        }
    }
}

impl ForgeError {
    /// Makes an error without advice.
    pub fn new(class: ForgeErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            reason: Reason::new(class.code(), message),
            not_before: None,
            wants: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.reason = self.reason.advise(advice);
        self
    }

    /// Advises to give another kind of secret than the one that was refused.
    #[must_use]
    pub(super) fn wants(self, other: &'static str) -> Self {
        Self {
            wants: Some(other),
            ..self.advise(other)
        }
    }

    /// Adds the time before which another try is pointless.
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Says whether the forge rejects the token itself, so that another one can work.
    pub fn is_bad_token(&self) -> bool {
        let said = || self.reason.message.to_ascii_lowercase();
        match self.class {
            ForgeErrorClass::Auth => true,
            ForgeErrorClass::Forbidden => said().contains("bad credentials"),
            _ => false,
        }
    }

    /// Adds where the token came from that was refused, and where it is renewed.
    #[must_use]
    pub fn of_token(mut self, source: &str, renewal: &str) -> Self {
        self.reason.message = format!("{} (the token of {source})", self.reason.message);
        self.reason.advice = Some(match self.wants {
            Some(other) => format!("{other}: {renewal}"),
            None => renewal.to_owned(),
        });
        self
    }

    /// Returns the stable code of its class.
    pub const fn code(&self) -> Code {
        self.class.code()
    }

    /// Says whether the same request can succeed later with nothing changed.
    pub const fn is_transient(&self) -> bool {
        self.class.is_transient()
    }
}

impl From<HttpError> for ForgeError {
    fn from(error: HttpError) -> Self {
        let class = ForgeErrorClass::Http(error.class());
        Self::new(class, error.to_string()).advise(error.advice())
    }
}
