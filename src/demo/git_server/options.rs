//! The git server's options: its login and its faults; and the entries of its log.

use std::time::Duration;

use secrecy::SecretString;

/// The login and the faults of a server.
#[derive(Debug, Clone, Default)]
pub struct GitServerOptions {
    /// The user and password of every request; `None` requires no login.
    pub login: Option<(String, SecretString)>,
    /// The authentication scheme.
    pub offer: Offer,
    /// The faults; the first that matches a request applies.
    pub faults: Vec<RequestFault>,
}

/// Something that goes wrong with some requests.
#[derive(Debug, Clone)]
pub struct RequestFault {
    /// How the path ends, such as `/info/refs` or `/git-receive-pack`.
    pub path_end: &'static str,
    /// How many requests with such a path are answered normally first.
    pub after: usize,
    /// How many requests it applies to; `usize::MAX` for all.
    pub times: usize,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The server answers with this status and text, and does nothing.
    Status(u16, &'static str),
    /// The server answers 429 with this many seconds as `Retry-After`.
    Busy(u64),
    /// The server redirects to this address.
    Redirect(String),
    /// The server redirects to the same request of the repository at this path.
    Moved(String),
    /// The server waits this long before it handles the request.
    Delay(Duration),
    /// The server takes the request and never answers.
    Silence,
    /// The server handles the request, and the connection breaks before the answer.
    LoseAnswer,
    /// The server answers 200 with an HTML page.
    Page,
}

/// One request, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query; empty when there was none.
    pub query: String,
    /// The status of the answer; `None` when there was no answer.
    pub status: Option<u16>,
    /// Whether it carried an `Authorization` header.
    pub has_credentials: bool,
    /// Whether its body was sent in chunks, without a `Content-Length`.
    pub is_chunked: bool,
}

/// The scheme of authentication that a server offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Offer {
    /// A user and a password.
    #[default]
    Basic,
    /// The password alone, as a token.
    Bearer,
    /// A user, and a hash of the password.
    Digest,
    /// Another challenge, which no login satisfies.
    Other(&'static str),
}

impl Offer {
    /// Returns the value of `WWW-Authenticate`.
    pub(super) const fn challenge(self) -> &'static str {
        match self {
            Self::Basic => "Basic realm=\"demo\"",
            Self::Bearer => "Bearer realm=\"demo\"",
            Self::Digest => "Digest realm=\"demo\", nonce=\"n1\", qop=\"auth\", opaque=\"o1\"",
            Self::Other(text) => text,
        }
    }
}
