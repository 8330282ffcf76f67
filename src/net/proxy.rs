//! `ProxyUrl`: a proxy and its login, read in curl's forms.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::byte_text::{percent_decoded, to_bytes};

use super::error::NetError;

/// The port of a proxy whose URL names none, as curl has it.
const DEFAULT_PORT: u16 = 1080;
/// The same for a proxy that is reached over TLS.
const DEFAULT_TLS_PORT: u16 = 443;

/// A proxy. Neither `Debug` nor any message shows its login.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: Url,
    /// Says whether the text named the port of the URL.
    names_port: bool,
    /// An empty password is one as well, which the URL type does not keep.
    has_password: bool,
    configured_in: String,
    sends_login: bool,
}

impl ProxyUrl {
    /// Reads a proxy as git and curl do: without a scheme it is an HTTP proxy, without a port the port
    /// is 1080. A path of one of SOCKS at `localhost` names a socket of this machine. Returns `None` when `text` is empty, which means to use none.
    ///
    /// A value that is not understood is an error: the request must not leave past the proxy.
    pub fn parse(text: &str, configured_in: &str) -> Result<Option<Self>, NetError> {
        let text = text.trim();
        let wrong = |reason| NetError::Proxy {
            configured_in: configured_in.to_owned(),
            reason,
        };
        let not_url = || wrong("it is not a URL");
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
        if rest.contains(['#', '?']) {
            return Err(wrong("it holds a character that has to be percent-encoded"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        // `DOMAIN\user`: the URL type would take it for a slash.
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login.replace('\\', "%5C")), place),
            None => (None, authority),
        };
        if [place, path].iter().any(|part| part.contains('\\')) {
            return Err(wrong("it holds a character that has to be percent-encoded"));
        }
        let is_socket = scheme.starts_with("socks")
            && place.eq_ignore_ascii_case("localhost")
            && !path.is_empty();
        if !is_socket && !path.is_empty() {
            return Err(wrong("it holds a path"));
        }
        if login.as_ref().is_some_and(|login| login.contains('@')) {
            return Err(wrong("an `@` in its login has to be percent-encoded"));
        }
        let has_password = login.as_ref().is_some_and(|login| login.contains(':'));
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        let authority = format!("{login}{place}");
        let proxy = |url, names_port| Self {
            url,
            names_port,
            has_password,
            configured_in: configured_in.to_owned(),
            sends_login: true,
        };
        if is_socket {
            let url = Url::parse(&format!("{scheme}://{login}localhost/{path}"));
            return Ok(Some(proxy(url.map_err(|_| not_url())?, false)));
        }
        let mut url = Url::parse(&format!("{scheme}://{authority}")).map_err(|_| not_url())?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        // Read from the text: the URL type does not tell `:80` from no port.
        let names_port = names_port(&authority);
        if !names_port {
            let port = if scheme == "https" {
                DEFAULT_TLS_PORT
            } else {
                DEFAULT_PORT
            };
            url.set_port(Some(port)).map_err(|()| not_url())?;
        }
        Ok(Some(proxy(url, names_port)))
    }

    /// Returns the URL, login included.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the port that the text names, if it names one.
    pub fn named_port(&self) -> Option<u16> {
        let port = self.url.port_or_known_default();
        port.filter(|_| self.names_port)
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

    /// Returns the password, decoded; an empty one where the URL has a colon and nothing after it.
    pub fn password(&self) -> Option<SecretString> {
        let password = self.url.password().unwrap_or_default();
        self.has_password
            .then(|| SecretString::from(percent_decoded(password)))
    }

    /// Returns the same proxy with another login.
    #[must_use]
    pub fn with_login(&self, user: &str, password: &SecretString) -> Self {
        let mut url = self.url.clone();
        let encoded = |text: &str| percent_encode(&to_bytes(text), NON_ALPHANUMERIC).to_string();
        let _same = url.set_username(&encoded(user));
        let _same = url.set_password(Some(&encoded(password.expose_secret())));
        Self {
            url,
            has_password: true,
            sends_login: true,
            ..self.clone()
        }
    }

    /// Returns the same proxy for requests that carry no login, whatever it wants.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            url: self.without_login(),
            has_password: false,
            sends_login: false,
            ..self.clone()
        }
    }

    /// Says whether no login is to be looked for.
    pub const fn is_bare_on_purpose(&self) -> bool {
        !self.sends_login
    }

    /// Says whether it is one of SOCKS.
    pub fn is_socks(&self) -> bool {
        self.url.scheme().starts_with("socks")
    }

    /// Returns the socket of this machine at which it listens, where it has no address.
    pub fn socket(&self) -> Option<PathBuf> {
        let path: Vec<u8> = percent_decode_str(self.url.path()).collect();
        let is_named = self.is_socks() && path.len() > 1;
        is_named.then(|| PathBuf::from(OsStr::from_bytes(&path)))
    }

    /// Returns host and port, or host and socket, for messages.
    pub fn host_and_port(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        if self.socket().is_some() {
            // Encoded: its path may hold what moves a terminal.
            return format!("{host}{}", self.url.path());
        }
        let port = self.url.port_or_known_default();
        port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({})", self.host_and_port())
    }
}

/// Says whether an authority ends in a port.
fn names_port(authority: &str) -> bool {
    let place = authority.rsplit('@').next().unwrap_or(authority);
    let after_address = place.rsplit(']').next().unwrap_or(place);
    after_address.contains(':')
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
    fn a_proxy_of_socks_can_listen_at_a_socket() {
        let proxy = |text| ProxyUrl::parse(text, "x").unwrap().unwrap();
        let tor = proxy("socks5h://u:p@LocalHost//run/tor%20x/socks/");
        assert_eq!(tor.socket(), Some("/run/tor x/socks".into()));
        assert_eq!(tor.host_and_port(), "localhost/run/tor%20x/socks");
        assert_eq!(
            tor.without_login().as_str(),
            "socks5h://localhost/run/tor%20x/socks"
        );
        assert_eq!(proxy("socks5://localhost/").socket(), None);
        for text in [
            "http://localhost/run/socks",
            "socks5://127.0.0.1/run/socks",
            "socks5://localhost:1080/run/socks",
        ] {
            let error = ProxyUrl::parse(text, "x").unwrap_err();
            assert!(error.to_string().ends_with("it holds a path"), "{text}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_shown_nowhere() {
        let text = "http://us%40er:pa%23CANARY@h:1";
        let proxy = ProxyUrl::parse(text, "x").unwrap().unwrap();
        assert_eq!(proxy.user().unwrap(), "us@er");
        let of_domain = ProxyUrl::parse(r"DOMAIN\user:pw@h:1", "x")
            .unwrap()
            .unwrap();
        assert_eq!(of_domain.user().unwrap(), r"DOMAIN\user");
        let password = proxy.password().unwrap();
        assert_eq!(password.expose_secret(), "pa#CANARY");
        assert!(!format!("{proxy:?}").contains("CANARY"));
        assert_eq!(proxy.without_login().as_str(), "http://h:1/");
        // A token in place of the user, with an empty password, is a whole login.
        for (text, password) in [("u:@h:1", Some("")), ("u@h:1", None), ("h:1", None)] {
            let proxy = ProxyUrl::parse(text, "x").unwrap().unwrap();
            let found = proxy.password();
            let found = found.as_ref().map(ExposeSecret::expose_secret);
            assert_eq!(found, password, "{text}");
        }
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
            r"http://h\evil:1",
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
}
