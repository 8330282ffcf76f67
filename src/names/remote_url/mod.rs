//! `RemoteUrl`: where a remote is; hides its password.

mod error;
mod http_address;
mod parse;
mod path;
mod repository_name;
mod scheme;
mod ssh_address;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use super::origin::Origin;

pub use self::error::RemoteUrlError;
pub use self::repository_name::RepositoryName;
pub use self::scheme::Scheme;

/// The URL of a remote.
///
/// Neither `Display` nor `Debug` shows the password. For http(s) two parsers had to agree on
/// scheme, host, port and path, because a URL that reads differently in two places is how
/// credentials reach the wrong host.
#[derive(Clone)]
pub struct RemoteUrl {
    scheme: Scheme,
    user: Option<String>,
    password: Option<SecretString>,
    host: Option<String>,
    /// The host beyond ASCII that `host` is the spelling of.
    written_host: Option<String>,
    port: Option<u16>,
    path: String,
    scp_like: bool,
    /// How the configuration has it, where that was told.
    written: Option<SecretString>,
}

impl RemoteUrl {
    /// Returns how the remote is reached.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host; absent for files. For http(s) it is spelled in ASCII.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the host as it is written, where that is beyond ASCII and [`host`](Self::host) is not.
    pub fn written_host(&self) -> Option<&str> {
        self.written_host.as_deref()
    }

    /// Returns the port that the URL names.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the user name in the URL.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns the password in the URL.
    pub const fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Returns the path as the server gets it (ssh: as git would send it; file: the directory).
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path without percent-encoding, as ssh has it: the same repository has the same one, however it is
    /// reached.
    pub fn decoded_path(&self) -> Cow<'_, str> {
        match self.scheme {
            Scheme::Http | Scheme::Https => percent_decode_str(&self.path)
                .decode_utf8()
                .unwrap_or(Cow::Borrowed(&self.path)),
            Scheme::Ssh | Scheme::Git | Scheme::File => Cow::Borrowed(&self.path),
        }
    }

    /// Returns the URL as the configuration has it, where that is known and holds no password.
    pub fn written(&self) -> Option<&str> {
        let written = self.written.as_ref();
        written
            .filter(|_| self.password.is_none())
            .map(SecretString::expose_secret)
    }

    /// Returns the same remote, which the configuration has as `text`.
    #[must_use]
    pub fn written_as(self, text: &str) -> Self {
        Self {
            written: Some(text.into()),
            ..self
        }
    }

    /// Says whether the path leads upwards, once a server has decoded it. Never so for http(s).
    pub fn climbs(&self) -> bool {
        path::climbs(&self.path)
    }

    /// Says the same of a part of a path.
    pub fn path_climbs(path: &str) -> bool {
        path::climbs(path)
    }

    /// Returns the path of a pattern in the spelling that [`path`](Self::path) has for http(s); `None` where no URL can
    /// have it.
    pub fn spelled_path(path: &str) -> Option<String> {
        path::spelled(path).ok()
    }

    /// Says whether both name the same server, in the same way and as the same user: scheme, host, port, login.
    pub fn has_authority_of(&self, other: &Self) -> bool {
        let password = |url: &Self| {
            url.password
                .as_ref()
                .map(|it| it.expose_secret().to_owned())
        };
        let host = |url: &Self| url.host.as_ref().map(|it| it.to_ascii_lowercase());
        let port = |url: &Self| url.port.or(url.scheme.default_port());
        self.scheme == other.scheme
            && host(self) == host(other)
            && port(self) == port(other)
            && self.user == other.user
            && password(self) == password(other)
    }

    /// Returns the directory of a `file` remote.
    pub fn file_path(&self) -> Option<PathBuf> {
        (self.scheme == Scheme::File).then(|| PathBuf::from(&self.path))
    }

    /// Returns the URL for an HTTP client, without user and password, or nothing for another scheme.
    pub fn http_url(&self) -> Option<url::Url> {
        if !matches!(self.scheme, Scheme::Http | Scheme::Https) {
            return None;
        }
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.host.as_deref()?;
        url::Url::parse(&format!(
            "{}://{host}{port}{}",
            self.scheme.as_str(),
            self.path
        ))
        .ok()
    }

    /// Returns the HTTP origin, or nothing for another scheme.
    pub fn origin(&self) -> Option<Origin> {
        Origin::of(&self.http_url()?)
    }

    /// Returns owner and name, or nothing when the path has fewer than two parts.
    pub fn repository(&self) -> Option<RepositoryName> {
        let path = self.decoded_path();
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
        let name = parts.next()?.to_owned();
        let owner = parts.next()?.trim_start_matches('~').to_owned();
        Some(RepositoryName { owner, name })
    }

    /// Returns the same repository at another host. The port of ssh says nothing of that host's.
    #[must_use]
    pub fn at_host(&self, host: &str) -> Self {
        Self {
            host: Some(host.to_owned()),
            written_host: None,
            written: None,
            port: self.port.filter(|_| self.scheme != Scheme::Ssh),
            ..self.clone()
        }
    }

    /// Returns the URL without user and password, as lists of allowed remotes name it.
    pub fn without_login(&self) -> String {
        let bare = Self {
            user: None,
            password: None,
            ..self.clone()
        };
        bare.to_string()
    }

    fn render(&self, password: impl Fn(&SecretString) -> String) -> String {
        let mut login = self.user.clone().unwrap_or_default();
        if let Some(secret) = &self.password {
            login = format!("{login}:{}", password(secret));
        }
        if !login.is_empty() {
            login.push('@');
        }
        let host = self.host.as_deref().unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        match self.scheme {
            Scheme::File => self.path.clone(),
            Scheme::Ssh if self.scp_like => {
                let place = match self.port {
                    Some(port) => format!("[{login}{host}:{port}]"),
                    None if host.contains(':') => format!("{login}[{host}]"),
                    None => format!("{login}{host}"),
                };
                format!("{place}:{}", self.path)
            }
            Scheme::Ssh if host.contains(':') => {
                format!("ssh://{login}[{host}]{port}{}", self.path)
            }
            scheme => format!("{}://{login}{host}{port}{}", scheme.as_str(), self.path),
        }
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|_| "***".to_owned()))
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let url = RemoteUrl::parse("https://x:CANARY@example.com/o/r.git").unwrap();
        assert_eq!(url.to_string(), "https://x:***@example.com/o/r.git");
        assert!(!format!("{url:?}").contains("CANARY"));
    }

    #[test]
    fn every_form_is_read() {
        let place = |text: &str| {
            let url = RemoteUrl::parse(text).unwrap();
            let repository = url.repository().unwrap();
            format!(
                "{} {} {}",
                url.scheme().as_str(),
                url.host().unwrap_or("-"),
                repository.owner + "/" + &repository.name
            )
        };
        assert_eq!(place("https://github.com/o/r.git"), "https github.com o/r");
        assert_eq!(place("https://github.com/o/r/"), "https github.com o/r");
        assert_eq!(place("git@github.com:o/r.git"), "ssh github.com o/r");
        assert_eq!(place("ssh://git@[::1]:22/o/r"), "ssh ::1 o/r");
        assert_eq!(place("/srv/o/r.git"), "file - o/r");
        assert_eq!(place("file:///srv/o/r.git"), "file - o/r");
        assert_eq!(place("git://h/o/r"), "git h o/r");
    }
}
