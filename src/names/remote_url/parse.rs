//! How a text becomes a `RemoteUrl`: two parsers have to agree, and nothing dangerous is let in.

use std::borrow::Cow;

use gix::bstr::ByteSlice;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::error::RemoteUrlError;
use super::http_address::{authority, is_plain, with_legible_login, with_usual_host, without_path};
use super::ssh_address::{SshAddress, is_scp_like};
use super::{RemoteUrl, Scheme, path};

impl RemoteUrl {
    /// Parses a URL, an scp-like address or a path.
    pub fn parse(text: &str) -> Result<Self, RemoteUrlError> {
        if text.is_empty() {
            return Err(RemoteUrlError::Malformed);
        }
        if has_control(text) {
            return Err(RemoteUrlError::ControlCharacter);
        }
        check_scheme(text)?;
        // There only the last `@` is before the host, for git and for ssh.
        if let Some(url) = ssh(text)? {
            return Ok(url);
        }
        if authority(text).is_some_and(|authority| authority.matches('@').count() > 1) {
            // What stands before the first one could be read as the host.
            return Err(RemoteUrlError::Ambiguous);
        }
        if let Some(text) = with_legible_login(text) {
            return Self::parse(&text);
        }
        if let Some((text, host)) = with_usual_host(text)? {
            return Ok(Self {
                written_host: Some(host),
                ..Self::parse(&text)?
            });
        }
        // The parser decodes the path, and knows no escape that is none.
        let (place, own_path) = match without_path(text) {
            Some((place, path)) => (format!("{place}/"), Some(path)),
            None => (text.to_owned(), None),
        };
        let parsed =
            gix::url::parse(place.as_bytes().as_bstr()).map_err(|_| RemoteUrlError::Malformed)?;
        let scheme = match &parsed.scheme {
            gix::url::Scheme::Https => Scheme::Https,
            gix::url::Scheme::Http => Scheme::Http,
            gix::url::Scheme::Ssh => Scheme::Ssh,
            gix::url::Scheme::Git => Scheme::Git,
            gix::url::Scheme::File => Scheme::File,
            other => return Err(RemoteUrlError::Scheme(other.as_str().to_owned())),
        };
        // As it is written: what a server tells apart, such as `+` and `%2B`, is requested as the user names it.
        let path = parsed.original_path().to_str();
        let path = path.map_err(|_| RemoteUrlError::NotUtf8)?;
        let path = own_path.filter(|own| !own.is_empty()).unwrap_or(path);
        let path = match scheme {
            // Git refuses it, and a parser may cut it off.
            Scheme::Http | Scheme::Https if path.contains(' ') => {
                return Err(RemoteUrlError::Malformed);
            }
            Scheme::Http | Scheme::Https => path::normalised(path)?,
            // Git decodes what stands in a URL, and no plain path.
            Scheme::Ssh | Scheme::Git | Scheme::File if text.contains("://") => {
                decoded(path)?.into_owned()
            }
            Scheme::Ssh | Scheme::Git | Scheme::File => path.to_owned(),
        };
        let url = Self {
            scheme,
            user: parsed.user().map(str::to_owned),
            password: parsed.password().map(SecretString::from),
            host: parsed.host().map(str::to_owned),
            written_host: None,
            port: parsed.port,
            path,
            scp_like: false,
            written: None,
        };
        url.check(text)?;
        Ok(url)
    }

    /// Parses what git keeps as bytes.
    pub fn from_bytes(text: &[u8]) -> Result<Self, RemoteUrlError> {
        Self::parse(std::str::from_utf8(text).map_err(|_| RemoteUrlError::NotUtf8)?)
    }

    fn check(&self, text: &str) -> Result<(), RemoteUrlError> {
        match self.scheme {
            Scheme::Http | Scheme::Https => self.check_against_second_parser(text),
            Scheme::Git => {
                let host = self.host.as_deref().ok_or(RemoteUrlError::Malformed)?;
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let is_ip = bare.parse::<std::net::Ipv6Addr>().is_ok();
                if !is_ip && !is_plain(host) {
                    return Err(RemoteUrlError::Charset { part: "host" });
                }
                match &self.user {
                    Some(user) if !is_plain(user) => Err(RemoteUrlError::Charset { part: "user" }),
                    _ if self.path.is_empty() => Err(RemoteUrlError::Malformed),
                    _ if self.path.trim_start_matches('/').starts_with('-') => {
                        Err(RemoteUrlError::Charset { part: "path" })
                    }
                    _ => Ok(()),
                }
            }
            Scheme::File if self.path.is_empty() => Err(RemoteUrlError::Malformed),
            Scheme::Ssh | Scheme::File => Ok(()),
        }
    }

    /// Compares our reading with that of the WHATWG parser that the HTTP client uses.
    fn check_against_second_parser(&self, text: &str) -> Result<(), RemoteUrlError> {
        let second = url::Url::parse(text).map_err(|_| RemoteUrlError::Malformed)?;
        if second.query().is_some() || second.fragment().is_some() || text.contains('\\') {
            return Err(RemoteUrlError::Ambiguous);
        }
        let host = self.host.as_deref().ok_or(RemoteUrlError::Malformed)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if !is_plain(host) && bare.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(RemoteUrlError::Charset { part: "host" });
        }
        let second_host = second.host_str().unwrap_or_default();
        let second_bare = second_host.trim_start_matches('[').trim_end_matches(']');
        let default = if self.scheme == Scheme::Https {
            443
        } else {
            80
        };
        let same = bare.eq_ignore_ascii_case(second_bare)
            && self.port.unwrap_or(default) == second.port_or_known_default().unwrap_or(0)
            && self.user.is_none() == second.username().is_empty()
            && self.http_url().is_some_and(|ours| {
                path::normalised(ours.path()) == path::normalised(second.path())
            });
        if same {
            Ok(())
        } else {
            Err(RemoteUrlError::Ambiguous)
        }
    }
}

/// Refuses a remote helper, such as `ext::`, and a scheme that we do not speak.
fn check_scheme(text: &str) -> Result<(), RemoteUrlError> {
    if let Some((helper, _)) = text.split_once("::")
        && helper
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        return Err(RemoteUrlError::Scheme(helper.to_owned()));
    }
    if let Some((scheme, _)) = text.split_once("://")
        && !["https", "http", "ssh", "git", "file", "git+ssh", "ssh+git"].contains(&scheme)
    {
        return Err(RemoteUrlError::Scheme(scheme.to_owned()));
    }
    Ok(())
}

/// Reads an address over ssh; `None` when `text` is none. Gitoxide's parser knows no host in brackets
/// with its port, and folds the case of hosts.
fn ssh(text: &str) -> Result<Option<RemoteUrl>, RemoteUrlError> {
    let (address, scp_like) = match text.split_once("://") {
        Some(("ssh" | "git+ssh" | "ssh+git", rest)) => {
            (SshAddress::of_url(&decoded(rest)?)?, false)
        }
        None if is_scp_like(text) => (SshAddress::of_scp(text)?, true),
        _ => return Ok(None),
    };
    // Nothing of ssh takes a password from there; it is kept out of sight all the same.
    let (user, password) = match address.user {
        Some(login) => match login.split_once(':') {
            Some((user, password)) => (Some(user.to_owned()), Some(SecretString::from(password))),
            None => (Some(login), None),
        },
        None => (None, None),
    };
    Ok(Some(RemoteUrl {
        scheme: Scheme::Ssh,
        user,
        password,
        host: Some(address.host),
        written_host: None,
        port: address.port,
        path: address.path,
        scp_like,
        written: None,
    }))
}

/// Decodes what is percent-encoded.
fn decoded(text: &str) -> Result<Cow<'_, str>, RemoteUrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_err(|_| RemoteUrlError::NotUtf8)
}

/// Says whether `text` holds a control character, also after percent-decoding.
fn has_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.chars().any(char::is_control)
        || bytes.windows(3).any(|w| {
            let hex = |b: u8| char::from(b).to_digit(16);
            w[0] == b'%'
                && match (hex(w[1]), hex(w[2])) {
                    (Some(high), Some(low)) => high * 16 + low < 0x20 || high * 16 + low == 0x7f,
                    _ => false,
                }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_urls_are_refused() {
        for text in [
            "ext::sh -c id",
            "ssh://-oProxyCommand=x/y",
            "https://h%0d%0ax/",
            "https://h/a%0ab",
            "https://evil?@github.com/",
            "https://evil\\@github.com/",
            "https://a b/",
            "ftp://h/x",
            "",
            "https://h/\u{1b}x",
            "https://good@evil@h/x",
            "https://u:good@evil/@h@h/../x",
            "http://127.0.0.1:1@127.0.0.1:2@h/x",
            "https://h/team/../evil/r",
            "https://h/team/%2e%2E/evil/r",
            "https://h/team/.%2e/evil/r",
            "https://h/team/./r",
            "https://h/team%2f..%2fevil/r",
            "https://h/team%2Fr",
            "https://h/team%5cr",
            "https://h/team/..;/evil/r",
            "https://h/team/%2e.;x=y/evil/r",
            "https://h/team/..%3b/evil/r",
            // As some servers read it, in which git knows no escape.
            "https://h/team/%%32e%%32e/evil/r",
            "https://h/team/%u002e%u002E/evil/r",
            "https://h/team/%c0%ae%c0%ae/evil/r",
            "https://h/team/%e0%80%ae/evil/r",
            "https://h/team%c0%afevil/r",
            // Two escapes that make a third one.
            "https://h/a%%34%31/r",
            "https://h/team/r.git ",
            "http://h/..",
        ] {
            assert!(RemoteUrl::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
