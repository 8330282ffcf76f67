//! `Server`: to where a proxy is asked for a connection.

use std::net::IpAddr;

use url::Url;

/// The server of a URL.
#[derive(Debug)]
pub(super) struct Server {
    /// As the URL has it; an address of version 6 in brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn of(url: &Url) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
        }
    }

    /// Returns the address that the URL itself has; none for a name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse().ok()
    }
}
