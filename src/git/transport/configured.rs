//! What the user's git configuration says about one remote, put into `PushOptions`.

use gix::bstr::BStr;
use hyper::header::{HeaderName, HeaderValue};

use crate::git::config::{integer, tell_header};
use crate::git::credentials::Helpers;
use crate::git::{Config, Matching};
use crate::names::RemoteUrl;

use super::options::PushOptions;

/// The least that `http.postBuffer` can be, in bytes; git has it so too.
const MIN_POST_BUFFER: u64 = 65_520;

impl PushOptions {
    /// Adds what the user's git configuration says about `url`: `credential.*`, `core.sshCommand`, and of `http.*`
    /// `postBuffer` and `extraHeader`; the rest of `http.*` is the network's. An ssh command that is set already, as from
    /// the environment, wins.
    #[must_use]
    pub fn with_config(mut self, config: &Config, url: &RemoteUrl) -> Self {
        let http = |name| config.scoped("http", name, url, Matching::Best);
        let last = |name| http(name).pop().filter(|value| !value.is_empty());
        let helpers = Helpers::from_config(config, url, self.inheritance.clone())
            .remembering(&self.known)
            .sharing(&self.answers)
            .deadline_if(self.helper_timeout);
        self.helpers = if self.attended {
            helpers.attended()
        } else {
            helpers
        };
        // An empty one holds no cookies; those that the server sets are kept all the same.
        self.cookie_file = http("cookieFile")
            .pop()
            .map(|path| config.file(&path).unwrap_or_default());
        self.ssh_command = self
            .ssh_command
            .or_else(|| config.string("core.sshCommand"));
        self.ssh_variant = self.ssh_variant.or_else(|| config.string("ssh.variant"));
        self.post_buffer = last("postBuffer")
            .and_then(|text| parse_post_buffer(&text))
            .unwrap_or(self.post_buffer);
        for line in http("extraHeader") {
            if line.is_empty() {
                self.extra_headers.clear();
            } else {
                self.extra_headers.extend(parse_header(&line));
            }
        }
        self.remember();
        self
    }

    /// Adds the secrets that these options hold to `known`.
    fn remember(&self) {
        if let Some(login) = &self.login {
            self.known
                .add_login(Some(&login.user), Some(&login.password));
        }
        for (name, value) in &self.extra_headers {
            tell_header(
                &self.known,
                name,
                &String::from_utf8_lossy(value.as_bytes()),
            );
        }
    }
}

/// Reads `http.postBuffer` with git's suffixes.
fn parse_post_buffer(text: &str) -> Option<u64> {
    let number = integer(BStr::new(text), i64::MAX.into())?;
    Some(u64::try_from(number).unwrap_or(0).max(MIN_POST_BUFFER))
}

/// Reads `Name: value`; the value is kept out of every output.
fn parse_header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_git_reads_them() {
        let (name, value) = parse_header("AUTHORIZATION: basic CANARY").unwrap();
        assert_eq!(name, "authorization");
        assert!(!format!("{value:?}").contains("CANARY"));
        assert!(parse_header("no colon").is_none());
        assert!(parse_header("a b: c").is_none());
        assert!(parse_header("a: b\r\nc: d").is_none());
    }

    #[test]
    fn the_post_buffer_is_read_with_gits_suffixes() {
        let read = |text| parse_post_buffer(text).map(|bytes| bytes >> 10);
        assert_eq!(read("5m"), Some(5 << 10));
        assert_eq!(read("5120K"), Some(5 << 10));
        assert_eq!(read("5242880"), Some(5 << 10));
        assert_eq!(read("100k"), Some(100));
        assert_eq!(read("-1"), Some(63));
        assert_eq!(read("64m"), Some(64 << 10));
        assert_eq!(read("8g"), Some(8 << 20));
        assert_eq!(read("99999999999999g"), None);
        assert_eq!(read("large"), None);
    }
}
