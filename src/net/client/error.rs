//! `ExchangeError` and `ConnectError`: why a request got no response.

use std::error::Error;
use std::sync::Arc;

use hyper::StatusCode;
use hyper_util::client::legacy;
use url::Url;

use crate::net::proxy_login::ProxyLoginRefused;
use crate::net::tls_advice::TlsPlace;
use crate::net::tls_fault::TlsFault;

use super::of_proxy::proxy_fault;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a request got no response, or only a part of one. No text holds the URL.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The request cannot be made of what was given.
    #[error("the request cannot be made")]
    Unusable(#[source] BoxError),
    /// No connection was established, so that nothing was sent.
    #[error(transparent)]
    Connect(#[from] Arc<ConnectError>),
    /// The proxy refuses the request for its login: the server did not get it.
    #[error(transparent)]
    ProxyLogin(#[from] ProxyLoginRefused),
    /// An established connection was lost, or what came over it is not HTTP.
    #[error("the connection was lost")]
    Lost {
        /// What the library says.
        #[source]
        source: BoxError,
        /// The proxy with which TLS was spoken, where it hands on each request.
        tls_proxy: Option<TlsPlace>,
    },
}

/// Why no connection was established.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It took longer than it may.
    #[error("the connection was not established in time")]
    Timeout,
    /// The name has no address, nothing answers there, or the connection ended at once.
    #[error("no connection could be made")]
    Network(#[source] BoxError),
    /// The server has no address that a proxy of SOCKS could be asked for.
    #[error("no connection could be made")]
    Address(#[source] BoxError),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Tls {
        /// With whom.
        place: TlsPlace,
        /// Whether that is the proxy.
        is_proxy: bool,
        /// What the library says.
        #[source]
        source: BoxError,
    },
    /// The proxy refuses to open a connection for its login.
    #[error(transparent)]
    ProxyLogin(ProxyLoginRefused),
    /// The proxy of HTTP opens no connection to the server.
    #[error("the proxy answered {0}")]
    Tunnel(StatusCode),
    /// The proxy of SOCKS opens none.
    #[error("the proxy opened no connection: {0}")]
    Socks(String),
    /// What the proxy does with the connection to it is not what a proxy does.
    #[error("the proxy {place} opened no connection")]
    OfProxy {
        /// Its host and port.
        place: String,
        /// What it does instead.
        #[source]
        source: BoxError,
    },
    /// No connection to the proxy can be made.
    #[error("the proxy {place} cannot be reached")]
    Proxy {
        /// Its host and port.
        place: String,
        /// What the system says.
        #[source]
        source: BoxError,
    },
}

/// Says whether a proxy that answers with this status may open the connection later.
pub fn opens_later(status: StatusCode) -> bool {
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || later.contains(&status)
}

impl ExchangeError {
    /// Takes the cause out of an error of the library.
    pub(super) fn of_client(error: legacy::Error, tls_proxy: Option<&TlsPlace>) -> Self {
        let own = error
            .source()
            .and_then(|source| source.downcast_ref::<Arc<ConnectError>>());
        match own {
            Some(own) => match &**own {
                ConnectError::ProxyLogin(refused) => Self::ProxyLogin(refused.clone()),
                _ => Self::Connect(Arc::clone(own)),
            },
            // Of the library's own, before anything was sent.
            None if error.is_connect() => {
                Self::Connect(Arc::new(ConnectError::Network(error.into())))
            }
            None => Self::Lost {
                source: error.into(),
                tls_proxy: tls_proxy.cloned(),
            },
        }
    }

    /// Returns why TLS failed, if it did, and where; `server` is the requested one.
    pub fn tls_fault(&self, server: &Url) -> Option<(TlsFault, TlsPlace)> {
        if let Some(of_proxy) = proxy_fault(self) {
            return Some(of_proxy);
        }
        let fault = TlsFault::of(self)?;
        let of_proxy = |fault| TlsFault::OfProxy(Box::new(fault));
        Some(match self {
            Self::Connect(failed) => match &**failed {
                ConnectError::Tls {
                    place,
                    is_proxy: true,
                    ..
                } => (of_proxy(fault), place.clone()),
                _ => (fault, TlsPlace::of(server)),
            },
            Self::Lost {
                tls_proxy: Some(place),
                ..
            } => (of_proxy(fault.in_use()), place.clone()),
            Self::Lost { .. } => (fault.in_use(), TlsPlace::of(server)),
            _ => (fault, TlsPlace::of(server)),
        })
    }
}
