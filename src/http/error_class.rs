//! `HttpErrorClass`: the kinds of errors, what reports call them, and what to do.

use crate::reason::Code;

/// The kinds of [`HttpError`](super::HttpError), with a stable code each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpErrorClass {
    /// See [`HttpError::Unusable`](super::HttpError::Unusable).
    Unusable,
    /// See [`HttpError::PlainHttpRefused`](super::HttpError::PlainHttpRefused).
    PlainHttpRefused,
    /// See [`HttpError::Network`](super::HttpError::Network).
    Network,
    /// See [`HttpError::Timeout`](super::HttpError::Timeout).
    Timeout,
    /// See [`HttpError::Proxy`](super::HttpError::Proxy).
    Proxy,
    /// See [`HttpError::Tls`](super::HttpError::Tls).
    Tls,
    /// See [`HttpError::Configuration`](super::HttpError::Configuration).
    Configuration,
    /// See [`HttpError::RedirectRefused`](super::HttpError::RedirectRefused).
    RedirectRefused,
    /// See [`HttpError::TooLarge`](super::HttpError::TooLarge).
    TooLarge,
    /// See [`HttpError::BadResponse`](super::HttpError::BadResponse).
    BadResponse,
}

impl HttpErrorClass {
    /// Returns the code that stands in reports.
    pub const fn code(self) -> Code {
        match self {
            Self::Unusable => Code::RequestUnusable,
            Self::PlainHttpRefused => Code::PlainHttpRefused,
            Self::Network => Code::Network,
            Self::Timeout => Code::Timeout,
            Self::Proxy => Code::Proxy,
            Self::Tls => Code::Tls,
            Self::Configuration => Code::BadEnvironment,
            Self::RedirectRefused => Code::RedirectRefused,
            Self::TooLarge => Code::TooLarge,
            Self::BadResponse => Code::BadResponse,
        }
    }

    /// Says whether the server cannot have got the request, and the same one can succeed once what is wrong on this side, or on
    /// the way, is corrected. A refused redirect is none of these: who redirects can have acted.
    pub const fn failed_before_the_server(self) -> bool {
        matches!(
            self,
            Self::PlainHttpRefused | Self::Proxy | Self::Tls | Self::Configuration
        )
    }

    /// Says whether the same request can succeed later with nothing changed.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Network | Self::Timeout)
    }

    /// Returns what to do, in one line.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unusable => "check the URL and the token for characters that do not belong there",
            Self::PlainHttpRefused => {
                "use https, or list the host in `network.allow-http` in the user's policy if its network is yours"
            }
            Self::Network => "check the network, then run again",
            Self::Timeout => "run again; raise `limits.http-timeout` if the server is slow",
            Self::Proxy => {
                "check `http.proxy`, the `*_proxy` variables and `network.proxy`; a credential helper can keep the proxy's login"
            }
            Self::Tls => {
                "check the clock and the server's certificate; a private CA belongs in the system's store"
            }
            Self::Configuration => "check the git configuration: git config --list --show-origin",
            Self::RedirectRefused => {
                "use the address that the server redirects to, if you trust it"
            }
            Self::TooLarge => "check that the URL leads to the server's API",
            Self::BadResponse => {
                "check that the URL leads to the server's API and not to a sign-in page"
            }
        }
    }
}
