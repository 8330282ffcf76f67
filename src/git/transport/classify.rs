//! Classifies the errors of the HTTP client, such as TLS errors inside socket errors.

use std::error::Error as _;

use url::Url;

use crate::git::transport::TransportError;
use crate::net::{ConnectError, ExchangeError, ProxyUrl};

/// Turns an error of the HTTP client into one of the push; `url` is of the server, and `forwarding` is the proxy that hands on
/// each request.
pub(super) fn from_http(
    error: ExchangeError,
    url: &Url,
    forwarding: Option<&ProxyUrl>,
) -> TransportError {
    if let Some((fault, place)) = error.tls_fault(url) {
        tracing::debug!(%error, "TLS failed");
        return TransportError::Tls { fault, place };
    }
    let failed = match &error {
        ExchangeError::Connect(failed) => Some(&**failed),
        _ => None,
    };
    let is_no_http = is_no_http(&error);
    let not_http = |proxy: &str| {
        format!(
            "the proxy {proxy} does not speak HTTP; where it speaks TLS, its URL has to say `https`"
        )
    };
    let said = match (failed, forwarding) {
        (Some(ConnectError::OfProxy { place, .. }), _) if is_no_http => not_http(place),
        // The summary of a report has no other cause than the last.
        (
            Some(failed @ (ConnectError::OfProxy { .. } | ConnectError::Proxy { .. })),
            _,
        ) => failed.to_string(),
        (_, Some(proxy)) if is_no_http => not_http(&proxy.host_and_port()),
        (_, None) if is_no_http && url.scheme() == "http" => {
            "what answers there does not speak HTTP; where it speaks TLS, the URL has to say `https`"
                .to_owned()
        }
        _ => String::new(),
    };
    TransportError::Network {
        said,
        source: Some(error.into()),
    }
}

/// Says whether the answer does not begin as HTTP does, like that of a TLS server to a client that does not speak
/// TLS.
fn is_no_http(error: &ExchangeError) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        // The library's type for it is not ours to name. Others than a server of HTTP speak first, or answer otherwise.
        let text = error.to_string();
        if text.contains("invalid HTTP version") || text.contains("unexpected message") {
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
    client.is_some_and(|error| matches!(error, ExchangeError::Lost { .. }))
}

/// Says whether no connection was established, so that the server got nothing.
pub(super) fn is_unsent(error: &TransportError) -> bool {
    let TransportError::Network { source, .. } = error else {
        return false;
    };
    let client = source
        .as_ref()
        .and_then(|e| e.downcast_ref::<ExchangeError>());
    client.is_some_and(|error| matches!(error, ExchangeError::Connect(_)))
}
