//! Classifies the errors of the HTTP client, such as TLS errors inside socket errors.

use std::error::Error as _;

use url::Url;

use crate::git::transport::TransportError;
use crate::net::ExchangeError;

/// Turns an error of the HTTP client into one of the push; `url` is of the server.
pub(super) fn from_http(error: ExchangeError, url: &Url) -> TransportError {
    if let Some((fault, place)) = error.tls_fault(url) {
        tracing::debug!(%error, "TLS failed");
        return TransportError::Tls { fault, place };
    }
    let said = if url.scheme() == "http" && is_no_http(&error) {
        "what answers there does not speak HTTP; where it speaks TLS, the URL has to say `https`"
    } else {
        ""
    };
    TransportError::Network {
        said: said.to_owned(),
        source: Some(error.into()),
    }
}

/// Says whether the answer does not begin as HTTP does, like that of a TLS server to a client that does not speak
/// TLS.
fn is_no_http(error: &ExchangeError) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        // The library's type for it is not ours to name.
        if error.to_string().contains("invalid HTTP version") {
            return true;
        }
        next = error.source();
    }
    false
}

/// Says whether an established connection was lost.
pub(super) fn is_disconnect(error: &TransportError) -> bool {
    let TransportError::Network { source, .. } = error else {
        return false;
    };
    let client = source
        .as_ref()
        .and_then(|e| e.downcast_ref::<ExchangeError>());
    client.is_some_and(|error| !error.is_connect())
}
