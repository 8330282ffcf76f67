//! `Tls`: how TLS is spoken over a connection, with the server or with a proxy.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::net::error::NetError;
use crate::net::http_version::HttpVersion;
use crate::net::tls::name_of;
use crate::net::tls_advice::TlsPlace;

use super::error::ConnectError;
use super::stream::Stream;

/// TLS with a server or a proxy.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    pub(super) place: TlsPlace,
    peer: Peer,
}

/// With whom TLS is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Server,
    Proxy,
}

impl Tls {
    pub(super) fn new(config: ClientConfig, url: &Url, peer: Peer) -> Result<Self, NetError> {
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name: name_of(url)?,
            place: TlsPlace::of(url),
            peer,
        })
    }

    /// Speaks TLS over a stream, and says whether HTTP/2 was negotiated.
    pub(super) async fn handshake(
        &self,
        stream: Box<dyn Stream>,
    ) -> Result<(Box<dyn Stream>, bool), ConnectError> {
        let spoken = self.connector.connect(self.name.clone(), stream).await;
        let spoken = spoken.map_err(|source| ConnectError::Tls {
            place: self.place.clone(),
            is_proxy: self.peer == Peer::Proxy,
            source: source.into(),
        })?;
        let is_http2 = spoken.get_ref().1.alpn_protocol() == Some(HttpVersion::ALPN_HTTP2);
        Ok((Box::new(spoken), is_http2))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.place)
    }
}
