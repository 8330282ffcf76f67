//! `Origin`: scheme, host and port; what a token is bound to.

use std::fmt;

/// The origin of an HTTP server, as RFC 6454 has it: scheme, host, port.
///
/// Two origins are equal when all three are; a host that merely ends alike is another origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of `url`, or nothing when it is not http(s) or has no host.
    pub fn of(url: &url::Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = normal_host(url.host_str()?);
        let port = url.port_or_known_default()?;
        Some(Self {
            scheme: url.scheme().to_owned(),
            host,
            port,
        })
    }

    /// Returns the host, in lower case; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, the scheme's own when the URL named none.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Says whether this is the host, however it is spelled.
    pub fn is_host(&self, host: &str) -> bool {
        normal_host(host) == self.host
    }

    /// Returns the same origin without the first label of its host, where that is `label`.
    pub fn without_first_label(&self, label: &str) -> Option<Self> {
        let host = self.host.strip_prefix(label)?.strip_prefix('.')?;
        Some(Self {
            host: host.to_owned(),
            ..self.clone()
        })
    }

    /// Makes the origin of a host that is reached over https at its usual port.
    pub fn https(host: &str) -> Self {
        Self {
            scheme: "https".into(),
            host: normal_host(host),
            port: 443,
        }
    }

    /// Says whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Says whether the host is this machine, so that nothing leaves it: `localhost`, 127.0.0.0/8, `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

/// Returns a host as origins are compared: in lower case, without the dot of the root.
fn normal_host(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = if self.is_https() { 443 } else { 80 };
        if self.port == default {
            write!(f, "{}://{}", self.scheme, self.host)
        } else {
            write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
        }
    }
}
