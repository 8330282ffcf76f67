//! Cookies of the file that `http.cookieFile` names, as libcurl reads it for git: Netscape's format, or
//! `Set-Cookie` headers. Nothing is ever written to it.

use std::fs;
use std::path::Path;

use reqwest::Url;
use reqwest::header::HeaderValue;

/// The longest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// One cookie.
struct Cookie<'a> {
    domain: &'a str,
    below: bool,
    path: &'a str,
    secure: bool,
    expires: i64,
    pair: String,
}

/// Returns the value of the `Cookie` header for `url`; nothing when the file holds none for it.
pub(super) fn header(file: &Path, url: &Url, now: i64) -> Option<HeaderValue> {
    let metadata = fs::metadata(file).ok()?;
    if !metadata.is_file() || metadata.len() > LIMIT {
        return None;
    }
    let text = fs::read(file).ok()?;
    let pairs = pairs(&String::from_utf8_lossy(&text), url, now);
    let mut value = HeaderValue::from_str(&pairs?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn pairs(text: &str, url: &Url, now: i64) -> Option<String> {
    let mut found: Vec<Cookie<'_>> = text.lines().filter_map(cookie).collect();
    found.retain(|cookie| cookie.is_for(url, now));
    // The closer path goes first.
    found.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
    let pairs: Vec<String> = found.into_iter().map(|cookie| cookie.pair).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

fn cookie(line: &str) -> Option<Cookie<'_>> {
    let header = line
        .get(..11)
        .is_some_and(|start| start.eq_ignore_ascii_case("Set-Cookie:"));
    if header {
        return set_cookie(line.get(11..)?);
    }
    let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (domain, below, path) = (next()?, next()?, next()?);
    let (secure, expires, name) = (next()?, next()?, next()?);
    let value = next().unwrap_or_default();
    Some(Cookie {
        domain: domain.trim_start_matches('.'),
        below: below.eq_ignore_ascii_case("TRUE"),
        path,
        secure: secure.eq_ignore_ascii_case("TRUE"),
        expires: expires.parse().ok()?,
        pair: format!("{name}={value}"),
    })
}

/// Reads a header. One without a domain is for nobody: the file does not say who set it.
fn set_cookie(header: &str) -> Option<Cookie<'_>> {
    let mut parts = header.split(';').map(str::trim);
    let pair = parts.next().filter(|pair| pair.contains('='))?;
    let mut cookie = Cookie {
        domain: "",
        below: true,
        path: "/",
        secure: false,
        expires: 0,
        pair: pair.to_owned(),
    };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.to_ascii_lowercase().as_str() {
            "domain" => cookie.domain = value.trim_start_matches('.'),
            "path" => cookie.path = value,
            "secure" => cookie.secure = true,
            _ => {}
        }
    }
    (!cookie.domain.is_empty()).then_some(cookie)
}

impl Cookie<'_> {
    fn is_for(&self, url: &Url, now: i64) -> bool {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let domain = self.domain.to_ascii_lowercase();
        let is_below = self.below
            && host
                .strip_suffix(&domain)
                .is_some_and(|start| start.ends_with('.'));
        let path = url.path();
        let rest = path.strip_prefix(self.path.trim_end_matches('/'));
        (host == domain || is_below)
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && (!self.secure || url.scheme() == "https")
            && (self.expires == 0 || self.expires > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Netscape HTTP Cookie File\n\
        git.example.test\tFALSE\t/\tFALSE\t0\ta\t1\n\
        .example.test\tTRUE\t/team\tFALSE\t2000000000\tb\t2\n\
        #HttpOnly_git.example.test\tFALSE\t/\tTRUE\t0\tsecure\t3\n\
        git.example.test\tFALSE\t/\tFALSE\t1000\told\t4\n\
        Set-Cookie: c=5; Domain=git.example.test; Path=/team\n\
        Set-Cookie: nobody=6\n";

    #[test]
    fn cookies_go_where_they_are_for() {
        let pairs = |url: &str| pairs(FILE, &Url::parse(url).unwrap(), 1_900_000_000);
        let found = |url: &str| pairs(url).unwrap_or_default();
        assert_eq!(
            found("https://git.example.test/team/r"),
            "b=2; c=5; a=1; secure=3"
        );
        assert_eq!(found("http://git.example.test/other"), "a=1");
        assert_eq!(found("https://x.example.test/team"), "b=2");
        assert_eq!(found("https://evilexample.test/team"), "");
        assert_eq!(found("https://git.example.test/teams"), "a=1; secure=3");
    }
}
