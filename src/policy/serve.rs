//! The table `serve`: where `sendoff serve` listens. Never from a repository.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::written_as_text;

/// The port that `sendoff serve` listens on by default.
const PORT: u16 = 8642;

/// The server for webhooks, `sendoff serve`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Serve {
    /// The address and the port to listen on. Port 0: any free one, which is printed.
    pub listen: ListenAddress,
    /// Whether a proxy that speaks TLS stands before the server: only then may `listen` be an address other than loopback.
    pub behind_proxy: bool,
}

crate::classes!(Serve {
    listen: D,
    behind_proxy: D,
});

/// An address with a port, such as `127.0.0.1:8642` or `[::1]:8642`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(SocketAddr);

written_as_text!(
    ListenAddress,
    "an address with a port such as \"127.0.0.1:8642\"",
    { "title": "address", "type": "string", "pattern": ":[0-9]{1,5}$" }
);

/// Why a text is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "got `{}`, wanted an address with a port such as \"127.0.0.1:8642\" or \"[::1]:8642\"", .0.escape_debug()
)]
pub struct ListenAddressError(String);

impl ListenAddress {
    /// Returns the address.
    pub const fn get(self) -> SocketAddr {
        self.0
    }

    /// Says whether only programs on this machine can connect.
    pub fn is_loopback(self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        Self((Ipv4Addr::LOCALHOST, PORT).into())
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        // A name may have several addresses, and another one tomorrow; this one is usual.
        let address = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}").parse(),
            None => text.parse(),
        };
        address
            .map(Self)
            .map_err(|_| ListenAddressError(text.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_may_be_loopback() {
        let read = |text: &str| ListenAddress::from_str(text);
        for text in [
            "127.0.0.1:0",
            "[::1]:8642",
            "localhost:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(read(text).unwrap().is_loopback(), "{text}");
        }
        for text in ["0.0.0.0:8642", "[::]:80", "192.0.2.1:80"] {
            assert!(!read(text).unwrap().is_loopback(), "{text}");
        }
        for text in ["8642", "127.0.0.1", "example.org:80", ":80", ""] {
            assert_eq!(read(text), Err(ListenAddressError(text.to_owned())));
        }
    }
}
