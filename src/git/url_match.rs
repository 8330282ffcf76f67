//! Git's rule for `<section>.<url>.<key>`: whether a pattern matches a URL, and how specifically.

use crate::names::{RemoteUrl, Scheme};

/// How specifically a pattern matches a URL; greater is more specific. Host, then path, then user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Rank {
    host: usize,
    path: usize,
    user: bool,
}

/// A parsed pattern.
struct Pattern<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

/// Returns how specifically `pattern` matches `url`, or nothing when it does not match.
pub(super) fn rank(pattern: &str, url: &RemoteUrl) -> Option<Rank> {
    let pattern = split(pattern)?;
    let scheme = url.scheme();
    let same_scheme = pattern.scheme.eq_ignore_ascii_case(scheme.as_str());
    let same_port = pattern.port.or(default_port(scheme)) == url.port().or(default_port(scheme));
    let same_user = pattern.user.is_none_or(|user| url.user() == Some(user));
    if !(same_scheme && same_port && same_user && hosts_match(pattern.host, url.host()?)) {
        return None;
    }
    let wanted = pattern.path.trim_end_matches('/');
    let rest = url.path().strip_prefix(wanted)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(Rank {
        host: pattern.host.len(),
        path: wanted.len() + 1,
        user: pattern.user.is_some(),
    })
}

fn split(pattern: &str) -> Option<Pattern<'_>> {
    let (scheme, rest) = pattern.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
        _ => (place, None),
    };
    Some(Pattern {
        scheme,
        user: login.map(|login| login.split(':').next().unwrap_or(login)),
        host,
        port,
        path,
    })
}

const fn default_port(scheme: Scheme) -> Option<u16> {
    match scheme {
        Scheme::Https => Some(443),
        Scheme::Http => Some(80),
        Scheme::Ssh => Some(22),
        Scheme::Git => Some(9418),
        Scheme::File => None,
    }
}

/// Compares host names label by label; `*` stands for one whole label.
fn hosts_match(pattern: &str, host: &str) -> bool {
    let bare = |text: &str| text.trim_matches(['[', ']']).to_ascii_lowercase();
    let (pattern, host) = (bare(pattern), bare(host));
    let (mut wanted, mut given) = (pattern.split('.'), host.split('.'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank_of(pattern: &str, url: &str) -> Option<Rank> {
        rank(pattern, &RemoteUrl::parse(url).unwrap())
    }

    #[test]
    fn only_the_same_place_matches() {
        let url = "https://u@git.example.com/team/app.git";
        for pattern in [
            "https://git.example.com",
            "https://git.example.com/",
            "https://GIT.example.com:443/team",
            "https://*.example.com/team/",
            "https://u@git.example.com/team/app.git",
        ] {
            assert!(rank_of(pattern, url).is_some(), "{pattern}");
        }
        for pattern in [
            "http://git.example.com",
            "https://example.com",
            "https://git.example.com.evil.test",
            "https://git.example.com:444",
            "https://git.example.com/tea",
            "https://other@git.example.com",
            "https://*.com",
            "git.example.com",
        ] {
            assert!(rank_of(pattern, url).is_none(), "{pattern}");
        }
    }

    #[test]
    fn a_closer_pattern_ranks_higher() {
        let url = "https://u@git.example.com/team/app.git";
        let order = [
            "https://*.example.com",
            "https://git.example.com",
            "https://git.example.com/team",
            "https://u@git.example.com/team",
        ];
        for pair in order.windows(2) {
            assert!(rank_of(pair[0], url) < rank_of(pair[1], url), "{pair:?}");
        }
        assert!(Some(Rank::default()) < rank_of("https://*.example.com", url));
    }
}
