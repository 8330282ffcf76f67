//! `HttpError`: why no usable answer came.

use std::error::Error;
use std::time::Duration;

use url::Url;

use crate::net::{ConnectError, ExchangeError, NetError, ProxyLoginRefused, opens_later};

use super::error_class::HttpErrorClass;
use super::text::clean_line;

/// Why no usable answer came. No variant holds a header, a token or a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The URL or the token cannot be used in a request.
    #[error("the request cannot be made: {0}")]
    Unusable(String),
    /// `http://` to a host that is neither this machine nor listed.
    #[error("`{0}` would be reached without encryption")]
    PlainHttpRefused(String),
    /// No connection, or it was lost.
    #[error("`{host}` cannot be reached: {detail}")]
    Network {
        /// The server.
        host: String,
        /// The system's message.
        detail: String,
        /// Whether the server may have got the request.
        sent: Sent,
    },
    /// Nothing came in time.
    #[error("`{host}` did not answer within {after:?}")]
    Timeout {
        /// The server.
        host: String,
        /// How long was waited for this try.
        after: Duration,
        /// Whether the server may have got the request.
        sent: Sent,
    },
    /// The proxy cannot be used, or refuses the request.
    #[error("`{host}` cannot be reached through the proxy: {detail}")]
    Proxy {
        /// The server.
        host: String,
        /// What is wrong.
        detail: String,
    },
    /// The server could not prove who it is.
    #[error("the encrypted connection to `{host}` was refused: {detail}")]
    Tls {
        /// The server.
        host: String,
        /// What was wrong.
        detail: String,
        /// What to do about it.
        advice: String,
    },
    /// The configuration that says how servers are reached cannot be read.
    #[error("`{host}` is not asked: {detail}")]
    Configuration {
        /// The server.
        host: String,
        /// What is wrong.
        detail: String,
        /// What to do about it.
        advice: String,
    },
    /// A redirect that is not followed.
    #[error("`{host}` answered {status} with a redirect to {to}, which is not followed")]
    RedirectRefused {
        /// The server.
        host: String,
        /// The status of the answer.
        status: u16,
        /// The origin of the redirect.
        to: String,
    },
    /// The body does not end where it should.
    #[error("the answer of `{host}` is larger than {limit} bytes")]
    TooLarge {
        /// The server.
        host: String,
        /// The most that is read.
        limit: usize,
    },
    /// The answer is not what the protocol promises.
    #[error("`{host}` answered {status} with something that is not {expected}: {excerpt}")]
    BadResponse {
        /// The server.
        host: String,
        /// The status of the answer.
        status: u16,
        /// What should have come.
        expected: &'static str,
        /// The beginning of the answer, at most 200 code points, cleaned.
        excerpt: String,
    },
}

/// Whether the server may have got the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No connection was established, so it did not.
    No,
    /// It may have acted on it.
    Maybe,
}

impl HttpError {
    /// Returns the kind of error.
    pub const fn class(&self) -> HttpErrorClass {
        match self {
            Self::Unusable(_) => HttpErrorClass::Unusable,
            Self::PlainHttpRefused(_) => HttpErrorClass::PlainHttpRefused,
            Self::Network { .. } => HttpErrorClass::Network,
            Self::Timeout { .. } => HttpErrorClass::Timeout,
            Self::Proxy { .. } => HttpErrorClass::Proxy,
            Self::Tls { .. } => HttpErrorClass::Tls,
            Self::Configuration { .. } => HttpErrorClass::Configuration,
            Self::RedirectRefused { .. } => HttpErrorClass::RedirectRefused,
            Self::TooLarge { .. } => HttpErrorClass::TooLarge,
            Self::BadResponse { .. } => HttpErrorClass::BadResponse,
        }
    }

    /// Says whether the same request can succeed later with nothing changed.
    pub const fn is_transient(&self) -> bool {
        self.class().is_transient()
    }

    /// Returns what to do about it, where more is known than the class tells.
    pub fn own_advice(&self) -> Option<&str> {
        match self {
            Self::Tls { advice, .. } | Self::Configuration { advice, .. } if !advice.is_empty() => {
                Some(advice)
            }
            _ => None,
        }
    }

    /// Returns what to do, in one line.
    pub fn advice(&self) -> &str {
        self.own_advice().unwrap_or_else(|| self.class().advice())
    }

    /// Says whether the server may have acted on the request although no usable answer came.
    pub const fn may_have_acted(&self) -> bool {
        match self {
            Self::Network { sent, .. } | Self::Timeout { sent, .. } => {
                matches!(sent, Sent::Maybe)
            }
            Self::BadResponse { status, .. } => *status < 400,
            Self::TooLarge { .. } => true,
            _ => false,
        }
    }

    /// Returns the error of settings with which no connection can be made.
    pub(super) fn from_setup(error: &NetError, host: &str) -> Self {
        let mut said = vec![error.to_string()];
        let mut source = error.source();
        while let Some(inner) = source {
            said.push(inner.to_string());
            source = inner.source();
        }
        if matches!(error, NetError::Configuration(_)) && said.len() > 1 {
            // What is in it says the same, and where.
            said.remove(0);
        }
        let (host, detail) = (host.to_owned(), clean_line(&said.join(": "), 300));
        match error {
            NetError::Proxy { .. } => Self::Proxy { host, detail },
            NetError::Configuration(_) => Self::Configuration {
                host,
                detail,
                advice: error.advice(),
            },
            _ => Self::Tls {
                host,
                detail,
                advice: error.advice(),
            },
        }
    }

    /// Returns the error of a request whose response did not come in time.
    pub(super) fn late(host: &str, after: Duration) -> Self {
        Self::Timeout {
            host: host.to_owned(),
            after,
            sent: Sent::Maybe,
        }
    }

    /// Classifies an error of the connection; `after` is the timeout of this try.
    pub(super) fn from_exchange(
        error: &ExchangeError,
        url: &Url,
        host: &str,
        after: Duration,
    ) -> Self {
        let host = host.to_owned();
        if let Some((fault, place)) = error.tls_fault(url) {
            tracing::debug!(%error, "TLS failed");
            return Self::Tls {
                host,
                detail: fault.to_string(),
                advice: fault.advice(&place),
            };
        }
        let sent = match error {
            ExchangeError::ProxyLogin(refusal) => return proxy_login(refusal, &host),
            ExchangeError::Unusable(reason) => return Self::Unusable(reason.to_string()),
            ExchangeError::Connect(failed) => match &**failed {
                ConnectError::Timeout => {
                    let sent = Sent::No;
                    return Self::Timeout { host, after, sent };
                }
                ConnectError::Tunnel(status) => {
                    let sent = Sent::No;
                    return if opens_later(*status) {
                        let detail =
                            format!("the proxy answered {status} and opened no connection");
                        Self::Network { host, detail, sent }
                    } else {
                        let detail = format!("it answered {status} and opened no connection");
                        Self::Proxy { host, detail }
                    };
                }
                ConnectError::Proxy { place, .. } => {
                    let sent = Sent::No;
                    let detail = format!("the proxy {place} is not reached: {}", innermost(error));
                    return Self::Network { host, detail, sent };
                }
                ConnectError::OfProxy { .. } => {
                    let sent = Sent::No;
                    let detail = format!("{failed}: {}", innermost(error));
                    return Self::Network { host, detail, sent };
                }
                _ => Sent::No,
            },
            ExchangeError::Lost { .. } => Sent::Maybe,
        };
        let detail = innermost(error);
        Self::Network { host, detail, sent }
    }
}

/// Makes the error for a proxy that refused the login.
pub(super) fn proxy_login(refusal: &ProxyLoginRefused, host: &str) -> HttpError {
    HttpError::Proxy {
        host: host.to_owned(),
        detail: format!("it {refusal}"),
    }
}

/// Returns the message of the innermost error.
fn innermost(error: &ExchangeError) -> String {
    let mut last: &dyn Error = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    clean_line(&last.to_string(), 200)
}
