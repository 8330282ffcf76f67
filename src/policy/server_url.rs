//! `ServerUrl`: the URL of a server in a policy.

use std::fmt;
use std::str::FromStr;

use crate::names::Origin;

use super::text::written_as_text;

/// The URL of a server: http(s), with a host, without a user, a query or a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(url::Url);

written_as_text!(
    ServerUrl,
    "a URL such as \"https://platform.example\"",
    { "title": "URL", "type": "string", "format": "uri", "pattern": "^https?://" }
);

/// Why a text is not the URL of a server. Never shows the text, because it can contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// It is not a URL, or has another scheme.
    #[error("wanted an http(s) URL such as \"https://platform.example\"")]
    Syntax,
    /// It contains a user or a password.
    #[error(
        "got a URL with a user or a password, wanted one without: tokens have places of their own"
    )]
    User,
    /// It contains a query or a fragment.
    #[error("got a URL with a query or a fragment, wanted one without")]
    Query,
}

impl ServerUrl {
    /// Returns the URL.
    pub const fn as_url(&self) -> &url::Url {
        &self.0
    }

    /// Returns the origin.
    pub fn origin(&self) -> Option<Origin> {
        Origin::of(&self.0)
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let url = url::Url::parse(text).map_err(|_| ServerUrlError::Syntax)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(ServerUrlError::Syntax);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::User);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::Query);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_server_holds_no_secret() {
        let url = |text: &str| ServerUrl::from_str(text);
        assert!(url("http://127.0.0.1:8080/base").is_ok());
        assert_eq!(url("ftp://x"), Err(ServerUrlError::Syntax));
        assert_eq!(url("platform.example"), Err(ServerUrlError::Syntax));
        assert_eq!(url("https://user@x"), Err(ServerUrlError::User));
        assert_eq!(url("https://x/?token=1"), Err(ServerUrlError::Query));
    }
}
