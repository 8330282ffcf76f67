//! `ProxyRule`: which requests go through the proxy, and which hosts are reached without it.

use std::net::IpAddr;

use url::Url;

use crate::names::Origin;

use super::proxy::ProxyUrl;
use super::proxy_login::ProxyAuthMethod;

/// The hosts that are reached without the proxy, in the forms that curl takes for `NO_PROXY`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy {
    all: bool,
    entries: Vec<String>,
}

impl NoProxy {
    /// Reads a list, separated by commas, blanks and tabs: host names, which stand for the names below
    /// them as well, addresses, and blocks of addresses. `*` alone means every host.
    pub fn parse(list: &str) -> Self {
        let separator = |letter: char| matches!(letter, ',' | ' ' | '\t');
        let entries = list.split(separator).filter(|entry| !entry.is_empty());
        Self {
            all: list == "*",
            entries: entries.map(str::to_ascii_lowercase).collect(),
        }
    }

    /// Says whether `host` is reached without the proxy.
    pub fn matches(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if self.all {
            return true;
        }
        let mut entries = self.entries.iter();
        if let Ok(address) = bare.parse::<IpAddr>() {
            entries.any(|entry| block_holds(entry, address))
        } else {
            let name = bare.strip_suffix('.').unwrap_or(bare);
            entries.any(|entry| domain_holds(entry, name))
        }
    }
}

/// Says whether `name` is the domain of `entry`, or below it.
fn domain_holds(entry: &str, name: &str) -> bool {
    let domain = entry.strip_suffix('.').unwrap_or(entry);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let rest = name.strip_suffix(domain);
    !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Says whether `address` is the one of `entry`, or in its block. As for libcurl a block of length 0 is the address alone, one
/// that is longer than an address is none, and only an address of version 6 stands in brackets.
fn block_holds(entry: &str, address: IpAddr) -> bool {
    let (base, length) = match entry.split_once('/') {
        Some((base, length)) => (base, leading_number(length)),
        None => (entry, Some(0)),
    };
    let in_brackets = base
        .strip_prefix('[')
        .and_then(|base| base.strip_suffix(']'));
    let (Ok(base), Some(length)) = (in_brackets.unwrap_or(base).parse(), length) else {
        return false;
    };
    let (same, whole) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) if in_brackets.is_none() => (
            (base.to_bits() ^ address.to_bits()).leading_zeros(),
            u32::BITS,
        ),
        (IpAddr::V6(base), IpAddr::V6(address)) => (
            (base.to_bits() ^ address.to_bits()).leading_zeros(),
            u128::BITS,
        ),
        _ => return false,
    };
    let wanted = if length == 0 { whole } else { length };
    wanted <= whole && same >= wanted
}

/// Returns the number that a text begins with, as `atoi` reads it: 0 where there is none.
fn leading_number(text: &str) -> Option<u32> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let digits = text.get(..end.unwrap_or(text.len()))?;
    match digits {
        "" if text.starts_with('-') => None,
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

/// Whether requests to this machine go through a proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoopbackProxy {
    /// They go directly, whatever is configured.
    #[default]
    Never,
    /// They are like any other, as for git.
    AsConfigured,
}

/// Which proxy a request goes through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyRule {
    /// The proxy; none when requests go directly.
    pub proxy: Option<ProxyUrl>,
    /// In which schemes its login may be sent.
    pub auth: ProxyAuthMethod,
    /// The hosts that are reached without it.
    pub except: NoProxy,
    /// Whether requests to this machine go through it.
    pub loopback: LoopbackProxy,
}

impl ProxyRule {
    /// Returns the proxy for a request to `url`.
    pub fn proxy_for(&self, url: &Url) -> Option<&ProxyUrl> {
        let stays_here = || Origin::of(url).is_some_and(|origin| origin.is_loopback());
        let is_direct = self.except.matches(url.host_str().unwrap_or_default())
            || (self.loopback == LoopbackProxy::Never && stays_here());
        self.proxy.as_ref().filter(|_| !is_direct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_read_as_curl_reads_them() {
        let list = NoProxy::parse("corp.test, .lan 10.0.0.0/8,[::1],192.168.1.7,fe80::/10");
        for host in [
            "corp.test",
            "git.CORP.test",
            "corp.test.",
            "x.lan",
            "lan",
            "10.9.8.7",
            "[::1]",
            "192.168.1.7",
            "[fe80::1]",
        ] {
            assert!(list.matches(host), "{host}");
        }
        for host in [
            "notcorp.test",
            "corp.test.evil",
            "11.0.0.1",
            "192.168.1.8",
            "::2",
        ] {
            assert!(!list.matches(host), "{host}");
        }
        assert!(NoProxy::parse("*").matches("anything"));
        // Curl goes through the proxy then.
        for list in [
            "*,x",
            " * ",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.1/33",
            "[10.0.0.1]",
        ] {
            for host in ["anything", "10.0.0.1", "[::1]"] {
                assert!(!NoProxy::parse(list).matches(host), "{list:?} {host}");
            }
        }
        for entry in ["10.0.0.1/0", "10.0.0.1/", "10.0.0.0/8x", "10.0.0.0/+8"] {
            assert!(NoProxy::parse(entry).matches("10.0.0.1"), "{entry}");
        }
        for entry in ["10.0.0.1/-1", "10.0.0.0/255.0.0.0", "a\n10.0.0.1"] {
            assert!(!NoProxy::parse(entry).matches("10.0.0.1"), "{entry}");
        }
        assert!(!NoProxy::parse("h..").matches("h"));
        assert!(!NoProxy::parse("").matches("h"));
        assert!(!NoProxy::parse(".").matches("h"));
    }

    #[test]
    fn this_machine_is_reached_directly_unless_git_would_not() {
        let mut rule = ProxyRule {
            proxy: ProxyUrl::parse("h:1", "x").unwrap(),
            ..ProxyRule::default()
        };
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(rule.proxy_for(&url("http://127.0.0.1/")).is_none());
        assert!(rule.proxy_for(&url("https://example.test/")).is_some());
        rule.loopback = LoopbackProxy::AsConfigured;
        assert!(rule.proxy_for(&url("http://localhost/")).is_some());
    }
}
