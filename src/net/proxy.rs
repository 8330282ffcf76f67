//! The proxy of a request: the value in curl's forms, and the hosts that are reached without it.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::names::Origin;

use super::error::NetError;

/// The port of a proxy whose URL names none, as curl has it.
const DEFAULT_PORT: u16 = 1080;
/// The same for a proxy that is reached over TLS.
const DEFAULT_TLS_PORT: u16 = 443;

/// A proxy. Neither `Debug` nor any message shows its login.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: Url,
    configured_in: String,
    sends_login: bool,
}

impl ProxyUrl {
    /// Reads a proxy as git and curl do: without a scheme it is an HTTP proxy, without a port the port
    /// is 1080. Nothing when `text` is empty, which means to use none.
    ///
    /// A value that is not understood is an error: the request must not leave past the proxy.
    pub fn parse(text: &str, configured_in: &str) -> Result<Option<Self>, NetError> {
        let text = text.trim();
        let wrong = |reason| NetError::Proxy {
            configured_in: configured_in.to_owned(),
            reason,
        };
        if text.is_empty() {
            return Ok(None);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            "socks" | "socks4" => "socks4",
            "socks4a" => "socks4a",
            "socks5" => "socks5",
            "socks5h" => "socks5h",
            _ => return Err(wrong("its scheme is not supported")),
        };
        if rest.contains(['#', '?', '\\']) {
            return Err(wrong("it holds a character that has to be percent-encoded"));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('/') {
            return Err(wrong("it holds a path"));
        }
        if authority.matches('@').count() > 1 {
            return Err(wrong("an `@` in its login has to be percent-encoded"));
        }
        let mut url =
            Url::parse(&format!("{scheme}://{authority}")).map_err(|_| wrong("it is not a URL"))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        // Read from the text: the URL type does not tell `:80` from no port.
        if !names_port(authority) {
            let port = if scheme == "https" {
                DEFAULT_TLS_PORT
            } else {
                DEFAULT_PORT
            };
            url.set_port(Some(port))
                .map_err(|()| wrong("it is not a URL"))?;
        }
        Ok(Some(Self {
            url,
            configured_in: configured_in.to_owned(),
            sends_login: true,
        }))
    }

    /// Returns the URL, login included.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the URL without its login, as credential helpers are asked for it.
    pub fn without_login(&self) -> Url {
        let mut url = self.url.clone();
        // Both succeed on a URL with a host.
        let _same = url.set_username("");
        let _same = url.set_password(None);
        url
    }

    /// Returns the user name, decoded; none when the URL has none.
    pub fn user(&self) -> Option<String> {
        let user = percent_decoded(self.url.username());
        (!user.is_empty()).then_some(user)
    }

    /// Returns the password, decoded.
    pub fn password(&self) -> Option<SecretString> {
        self.url
            .password()
            .map(|password| SecretString::from(percent_decoded(password)))
    }

    /// Returns the key or the variable that names the proxy.
    pub fn configured_in(&self) -> &str {
        &self.configured_in
    }

    /// Returns the same proxy with another login.
    #[must_use]
    pub fn with_login(&self, user: &str, password: &SecretString) -> Self {
        let mut url = self.url.clone();
        let _same = url.set_username(user);
        let _same = url.set_password(Some(password.expose_secret()));
        Self {
            url,
            configured_in: self.configured_in.clone(),
            sends_login: true,
        }
    }

    /// Returns the same proxy for requests that carry no login, whatever it wants.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            url: self.without_login(),
            configured_in: self.configured_in.clone(),
            sends_login: false,
        }
    }

    /// Says whether no login is to be looked for.
    pub const fn is_bare_on_purpose(&self) -> bool {
        !self.sends_login
    }

    /// Returns host and port, for messages.
    pub fn host_and_port(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({})", self.host_and_port())
    }
}

/// Says whether an authority ends in a port.
fn names_port(authority: &str) -> bool {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let after_address = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after_address.contains(':')
}

/// Decodes percent-encoded bytes; what is not UTF-8 becomes U+FFFD.
fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The hosts that are reached without the proxy, in the forms that curl takes for `NO_PROXY`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy {
    all: bool,
    entries: Vec<String>,
}

impl NoProxy {
    /// Reads a list, separated by commas and white space: host names, which stand for the names below
    /// them as well, addresses, and blocks of addresses. `*` means every host.
    pub fn parse(list: &str) -> Self {
        let list = list.trim();
        let separator = |letter: char| letter == ',' || letter.is_whitespace();
        let entries = list.split(separator).filter(|entry| !entry.is_empty());
        Self {
            all: list.split(separator).any(|entry| entry == "*"),
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
            let name = bare.trim_end_matches('.');
            entries.any(|entry| domain_holds(entry, name))
        }
    }
}

/// Says whether `name` is the domain of `entry`, or below it.
fn domain_holds(entry: &str, name: &str) -> bool {
    let domain = entry.trim_end_matches('.');
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let rest = name.strip_suffix(domain);
    !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Says whether `address` is the one of `entry`, or in its block.
fn block_holds(entry: &str, address: IpAddr) -> bool {
    let (base, length) = match entry.split_once('/') {
        Some((base, length)) => (base, length.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let base = base.trim_start_matches('[').trim_end_matches(']');
    let (Ok(base), Some(length)) = (base.parse::<IpAddr>(), length) else {
        return false;
    };
    let differs = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            (base.to_bits() ^ address.to_bits()).leading_zeros() < length.min(32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            (base.to_bits() ^ address.to_bits()).leading_zeros() < length.min(128)
        }
        _ => true,
    };
    !differs
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

    fn proxy(text: &str) -> String {
        let proxy = ProxyUrl::parse(text, "`http.proxy`").unwrap().unwrap();
        format!("{} {}", proxy.url().scheme(), proxy.host_and_port())
    }

    #[test]
    fn every_form_that_curl_takes_is_understood() {
        assert_eq!(proxy("proxy.test:3128"), "http proxy.test:3128");
        assert_eq!(proxy("proxy.test"), "http proxy.test:1080");
        assert_eq!(proxy("http://proxy.test:80/"), "http proxy.test:80");
        assert_eq!(proxy("https://proxy.test"), "https proxy.test:443");
        assert_eq!(proxy("socks://[::1]"), "socks4 [::1]:1080");
        assert_eq!(proxy("SOCKS5H://u:p@h:1"), "socks5h h:1");
        assert_eq!(proxy("socks4a://h:1"), "socks4a h:1");
        assert_eq!(ProxyUrl::parse("", "x").unwrap(), None);
    }

    #[test]
    fn a_login_is_decoded_and_shown_nowhere() {
        let text = "http://us%40er:pa%23CANARY@h:1";
        let proxy = ProxyUrl::parse(text, "x").unwrap().unwrap();
        assert_eq!(proxy.user().unwrap(), "us@er");
        let password = proxy.password().unwrap();
        assert_eq!(password.expose_secret(), "pa#CANARY");
        assert!(!format!("{proxy:?}").contains("CANARY"));
        assert_eq!(proxy.without_login().as_str(), "http://h:1/");
    }

    #[test]
    fn a_value_that_is_not_understood_is_an_error_that_does_not_show_it() {
        for text in [
            "socks4h://127.0.0.1:1",
            "ftp://h",
            "http://127.0.0.1:port",
            "http://user:CAN#ARY@127.0.0.1:1",
            "http://user:CAN@ARY@127.0.0.1:1",
            "http://user:CAN/ARY@127.0.0.1:1",
            "http://",
            "http://:80",
            "http://h:99999",
            "http://a b",
        ] {
            let error = ProxyUrl::parse(text, "`http.proxy`").unwrap_err();
            let shown = format!("{error} {} {error:?}", error.advice());
            assert!(
                shown.contains("`http.proxy`") && !shown.contains("ARY"),
                "{shown}"
            );
        }
    }

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
        assert!(NoProxy::parse(" * ").matches("anything"));
        assert!(NoProxy::parse("*,x").matches("anything"));
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
