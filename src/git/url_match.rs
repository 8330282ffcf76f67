//! Git's rule for `<section>.<url>.<key>`: whether a pattern matches a URL, and how specifically.

use crate::byte_text::percent_decoded;
use crate::names::RemoteUrl;
use crate::net::ProxyUrl;

/// Whether a pattern may leave out the scheme, as those of `credential.<url>` may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Partial {
    /// It may not.
    No,
    /// What it leaves out matches anything; what it names has to be the same.
    Allowed,
}

/// How specifically a pattern matches a URL; greater is more specific. Host, then path, then user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Rank {
    host: usize,
    path: usize,
    user: bool,
}

/// What patterns are compared with: a URL, decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    scheme: &'a str,
    default_port: Option<u16>,
    user: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Place<'a> {
    /// Takes the URL of a remote apart.
    pub(super) fn of(url: &'a RemoteUrl) -> Self {
        Self {
            scheme: url.scheme().as_str(),
            default_port: url.scheme().default_port(),
            user: url.user(),
            host: url.host(),
            port: url.port(),
            path: url.path(),
        }
    }

    /// Takes that of a proxy apart, which may be one of SOCKS; `user` is decoded. A port that its text leaves out is that of the
    /// scheme, as for git, and not the one that is connected to.
    pub(super) fn of_proxy(proxy: &'a ProxyUrl, user: Option<&'a str>) -> Self {
        let url = proxy.url();
        Self {
            scheme: url.scheme(),
            default_port: match url.scheme() {
                "http" => Some(80),
                "https" => Some(443),
                _ => None,
            },
            user,
            host: url.host_str(),
            port: proxy.named_port(),
            path: url.path(),
        }
    }
}

/// A parsed pattern.
struct Pattern<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

/// Returns how specifically `pattern` matches a place, or `None` when it does not match.
pub(super) fn rank(pattern: &str, url: &Place<'_>, partial: Partial) -> Option<Rank> {
    let scheme = url.scheme;
    let in_part = match pattern.split_once("://") {
        None => Some(pattern),
        // Without a host it is no URL.
        Some((named, rest)) if named == scheme && rest.starts_with('/') => Some(rest),
        Some((named, "")) if named == scheme => Some(""),
        Some(_) => None,
    };
    if let Some(in_part) = in_part {
        let named = partial == Partial::Allowed && is_named_in_part(in_part, url);
        return named.then(Rank::default);
    }
    let pattern = split(pattern)?;
    let same_scheme = pattern.scheme.eq_ignore_ascii_case(scheme);
    let port = |named: Option<u16>| named.or(url.default_port);
    let same_port = port(pattern.port) == port(url.port);
    let is_user = |user| url.user == Some(percent_decoded(user).as_str());
    let same_user = pattern.user.is_none_or(is_user);
    if !(same_scheme && same_port && same_user && hosts_match(pattern.host, url.host?)) {
        return None;
    }
    let wanted = normalized(pattern.path)?;
    let wanted = wanted.trim_end_matches('/');
    let path = normalized(url.path)?;
    let rest = path.strip_prefix(wanted)?;
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

/// Compares with a pattern without a scheme: `[user@]host[:port][/path]`, or a path alone.
fn is_named_in_part(pattern: &str, url: &Place<'_>) -> bool {
    let (authority, path) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (login.split(':').next(), host),
        None => (None, authority),
    };
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let here = format!("{}{port}", url.host.unwrap_or_default());
    let bare = |path: &str| percent_decoded(path).trim_matches('/').to_owned();
    (host.is_empty() || host.eq_ignore_ascii_case(&here))
        && user.is_none_or(|user| url.user == Some(percent_decoded(user).as_str()))
        && (bare(path).is_empty() || bare(path) == bare(url.path))
}

/// Returns a path as git compares it: in one spelling, dot segments resolved. Returns `None` when it leads out of the root.
fn normalized(path: &str) -> Option<String> {
    let plain = RemoteUrl::spelled_path(path)?;
    let mut kept: Vec<&str> = Vec::new();
    let parts: Vec<&str> = plain.split('/').collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        match *part {
            "." if is_last => kept.push(""),
            "." => {}
            ".." => {
                if kept.len() < 2 {
                    return None;
                }
                kept.pop();
                if is_last {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    Some(kept.join("/"))
}

/// Compares host names label by label; `*` matches one whole label.
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
        let url = RemoteUrl::parse(url).unwrap();
        rank(pattern, &Place::of(&url), Partial::No)
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
            "https://%75@git.example.com/team/app.git",
            "https://git.example.com/%74eam",
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
    fn paths_are_compared_without_needless_escapes_and_dot_segments_are_no_url() {
        let team = "https://git.example.com/team";
        assert!(rank_of(team, "https://git.example.com/%74eam/app.git").is_some());
        assert!(rank_of(team, "https://git.example.com/%65eam/app.git").is_none());
        for path in [
            "team/./app.git",
            "x/../team/app.git",
            "team/../evil/app.git",
            "team/%2e%2e/evil/app.git",
            "team%2fapp.git",
            "../team/app.git",
        ] {
            let url = format!("https://git.example.com/{path}");
            assert!(RemoteUrl::parse(&url).is_err(), "{path}");
        }
    }

    #[test]
    fn a_pattern_of_credentials_may_leave_out_the_scheme() {
        let url = RemoteUrl::parse("https://u@git.example.com:8443/team/app.git").unwrap();
        for (pattern, matches) in [
            ("git.example.com:8443", true),
            ("u@git.example.com:8443", true),
            ("git.example.com:8443/team/app.git", true),
            ("/team/app.git", true),
            ("https://", true),
            ("https:///team/app.git", true),
            ("http://", false),
            ("https:///team", false),
            ("git.example.com", false),
            ("git.example.com:8443/team", false),
            ("*.example.com:8443", false),
            ("other@git.example.com:8443", false),
        ] {
            let found = rank(pattern, &Place::of(&url), Partial::Allowed);
            assert_eq!(found.is_some(), matches, "{pattern}");
            assert!(rank(pattern, &Place::of(&url), Partial::No).is_none());
        }
    }

    #[test]
    fn a_pattern_without_a_port_is_not_for_every_port_of_a_proxys_host() {
        for (pattern, text, matches) in [
            ("http://h:3128", "h:3128", true),
            ("http://h", "h:3128", false),
            ("http://h:80", "h:3128", false),
            ("http://h", "h:80", true),
            ("http://h", "h", true),
            ("http://h:1080", "h", false),
            ("h:80", "h:80", true),
            ("h", "h:80", false),
            ("socks5h://h", "socks5h://h:1080", false),
            ("socks5h://h:1080", "socks5h://h:1080", true),
            ("socks5h://h", "socks5h://h", true),
        ] {
            let proxy = ProxyUrl::parse(text, "x").unwrap().unwrap();
            let found = rank(pattern, &Place::of_proxy(&proxy, None), Partial::Allowed);
            assert_eq!(found.is_some(), matches, "{pattern} {text}");
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
