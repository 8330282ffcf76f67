//! Addresses that the user gives for hosts: `http.curloptResolve`.

use std::net::IpAddr;

use reqwest::Url;

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
    pub(super) fn addresses<'a>(known: &'a [Self], url: &Url) -> Option<&'a [IpAddr]> {
        let host = url.host_str()?;
        let port = url.port_or_known_default()?;
        let is_its =
            |entry: &&Self, name: &str| entry.port == port && entry.host.eq_ignore_ascii_case(name);
        let named = known.iter().find(|entry| is_its(entry, host));
        let found = named.or_else(|| known.iter().find(|entry| is_its(entry, "*")));
        found.map(|entry| entry.addresses.as_slice())
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
