//! Which redirects are followed, and where plain http is allowed.

use url::Url;

use crate::names::Origin;

/// How many redirects of one request are followed.
pub const MAX_REDIRECTS: u32 = 3;

/// Why a redirect is not followed. The target is not named: the server chose its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefused {
    /// Another scheme, host or port: credentials are bound to all three.
    #[error("the server redirects the request to another origin")]
    OtherOrigin,
    /// More than [`MAX_REDIRECTS`].
    #[error("the server redirects the request more than {MAX_REDIRECTS} times")]
    TooManyHops,
}

/// Says whether the redirect from `from` to `to` may be followed, after `followed` others.
pub fn may_follow(from: &Url, to: &Url, followed: u32) -> Result<(), RedirectRefused> {
    if !stays_at_origin(from, to) {
        Err(RedirectRefused::OtherOrigin)
    } else if followed >= MAX_REDIRECTS {
        Err(RedirectRefused::TooManyHops)
    } else {
        Ok(())
    }
}

/// Says whether the redirect from `from` to `to` stays at one origin, and brings no login of its own.
pub fn stays_at_origin(from: &Url, to: &Url) -> bool {
    let anonymous = to.username().is_empty() && to.password().is_none();
    let origin = Origin::of(to);
    anonymous && origin.is_some() && origin == Origin::of(from)
}

/// The hosts to which requests may go unencrypted, besides this machine itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainHttp {
    hosts: Vec<String>,
}

impl PlainHttp {
    /// Takes the hosts that the user or the system listed; whole names are compared, case-insensitively.
    pub fn to(hosts: impl IntoIterator<Item = String>) -> Self {
        Self {
            hosts: hosts.into_iter().collect(),
        }
    }

    /// Says whether `origin` may be contacted: https anywhere, http on this machine and on listed hosts.
    pub fn allows(&self, origin: &Origin) -> bool {
        origin.is_https()
            || origin.is_loopback()
            || self.hosts.iter().any(|host| origin.is_host(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(from: &str, to: &str, followed: u32) -> Result<(), RedirectRefused> {
        may_follow(
            &Url::parse(from).unwrap(),
            &Url::parse(to).unwrap(),
            followed,
        )
    }

    #[test]
    fn a_redirect_stays_at_its_origin() {
        assert_eq!(follow("https://a.test/x", "https://a.test/y", 0), Ok(()));
        assert_eq!(
            follow("https://a.test/x", "https://a.test:443/y", 2),
            Ok(())
        );
        for other in [
            "https://b.test/x",
            "http://a.test/x",
            "https://a.test:444/x",
            "https://a.test.evil.test/x",
            "https://user@a.test/x",
            "file:///etc/passwd",
        ] {
            let refused = follow("https://a.test/x", other, 0);
            assert_eq!(refused, Err(RedirectRefused::OtherOrigin), "{other}");
        }
    }

    #[test]
    fn the_fourth_redirect_is_refused() {
        let refused = follow("https://a.test/x", "https://a.test/y", 3);
        assert_eq!(refused, Err(RedirectRefused::TooManyHops));
    }

    #[test]
    fn plain_http_goes_to_this_machine_and_listed_hosts_only() {
        let rule = PlainHttp::to(["git.lan".to_owned()]);
        let allows = |url: &str| {
            let origin = Origin::of(&Url::parse(url).unwrap());
            origin.is_some_and(|origin| rule.allows(&origin))
        };
        assert!(allows("http://127.0.0.1:8080/x"));
        assert!(allows("http://[::1]/x"));
        assert!(allows("http://localhost/x"));
        assert!(allows("http://GIT.lan/x"));
        assert!(allows("https://anywhere.test/x"));
        assert!(!allows("http://anywhere.test/x"));
        assert!(!allows("http://localhost.evil.test/x"));
        assert!(!allows("http://x.git.lan/x"));
        assert!(!allows("ftp://127.0.0.1/x"));
    }
}
