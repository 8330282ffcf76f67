//! The addresses of hosts: those that the user gives (`http.curloptResolve`), and those that the system knows.

use std::future::{Future, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;
use url::Url;

/// The addresses of one host at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHost {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl KnownHost {
    /// Reads lines as curl does: `[+]HOST:PORT:ADDRESS[,ADDRESS]...`; `-HOST:PORT` removes one. The host `*` means every host.
    /// Lines that cannot be read are ignored, as by curl.
    pub fn parse_all<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Self> {
        let mut known: Vec<Self> = Vec::new();
        for line in lines {
            let (place, addresses) = match line.strip_prefix('-') {
                Some(place) => (place, Some("")),
                None => (line.strip_prefix('+').unwrap_or(line), None),
            };
            let Some((host, rest)) = split_host(place) else {
                continue;
            };
            let (port, addresses) = match addresses {
                Some(none) => (rest, none),
                None => rest.split_once(':').unwrap_or((rest, "")),
            };
            let Ok(port) = port.parse() else { continue };
            known.retain(|other| other.host != host || other.port != port);
            let addresses: Vec<IpAddr> = addresses.split(',').filter_map(address).collect();
            if !addresses.is_empty() {
                known.push(Self {
                    host,
                    port,
                    addresses,
                });
            }
        }
        known
    }

    /// Returns the addresses of the host of `url`, where they are given.
    fn addresses<'a>(known: &'a [Self], url: &Url) -> Option<&'a [IpAddr]> {
        let host = url.host_str()?;
        let port = url.port_or_known_default()?;
        let is_its =
            |entry: &&Self, name: &str| entry.port == port && entry.host.eq_ignore_ascii_case(name);
        let named = known.iter().find(|entry| is_its(entry, host));
        let found = named.or_else(|| known.iter().find(|entry| is_its(entry, "*")));
        found.map(|entry| entry.addresses.as_slice())
    }
}

/// Looks up the addresses of hosts.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    /// Those that are given, by host.
    known: Arc<[(String, Vec<IpAddr>)]>,
}

/// The addresses of a host; the ports do not count.
type Addresses = std::vec::IntoIter<SocketAddr>;

impl Resolver {
    /// Takes what is given for the hosts of these URLs.
    pub(super) fn new<'u>(known: &[KnownHost], urls: impl Iterator<Item = &'u Url>) -> Self {
        let given = urls.filter_map(|url| {
            let addresses = KnownHost::addresses(known, url)?;
            Some((url.host_str()?.to_owned(), addresses.to_vec()))
        });
        Self {
            known: given.collect(),
        }
    }

    /// Returns the addresses of a host, in the order in which they are to be tried.
    pub(super) fn look_up(
        &self,
        host: &str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>> {
        let known = self.known.iter().find(|(name, _)| name == host);
        if let Some((_, addresses)) = known {
            let sockets = addresses.iter().map(|address| SocketAddr::new(*address, 0));
            let sockets: Vec<SocketAddr> = sockets.collect();
            return Box::pin(ready(Ok(sockets.into_iter())));
        }
        match host.parse::<Name>() {
            Ok(name) => Box::pin(async move {
                let found = GaiResolver::new().call(name).await?;
                Ok(found.collect::<Vec<_>>().into_iter())
            }),
            Err(error) => Box::pin(ready(Err(io::Error::other(error)))),
        }
    }
}

impl Service<Name> for Resolver {
    type Response = Addresses;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        self.look_up(name.as_str())
    }
}

/// Splits a host, which may stand in brackets, from what comes after its colon.
fn split_host(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once("]:")?;
        return Some((format!("[{host}]"), rest));
    }
    let (host, rest) = text.split_once(':')?;
    Some((host.to_owned(), rest))
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards curl's forms: several addresses, a later line for the same host, one that is removed, any host.
    #[test]
    fn lines_are_read_as_curl_reads_them() {
        let lines = [
            "git.test:443:10.0.0.1",
            "+git.test:443:127.0.0.1,[::1]",
            "gone.test:443:127.0.0.1",
            "-gone.test:443",
            "bad",
            "bad:port:127.0.0.1",
            "*:8443:127.0.0.2",
        ];
        let known = KnownHost::parse_all(lines.into_iter());
        let at = |url: &str| {
            let url = Url::parse(url).unwrap();
            let found = KnownHost::addresses(&known, &url);
            found.map(|all| {
                all.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(at("https://GIT.test/x").as_deref(), Some("127.0.0.1 ::1"));
        assert_eq!(at("https://git.test:8080/x"), None);
        assert_eq!(at("https://gone.test/"), None);
        assert_eq!(at("https://other.test:8443/").as_deref(), Some("127.0.0.2"));
    }
}
