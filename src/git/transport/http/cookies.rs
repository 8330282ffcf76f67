//! The cookies of one connection, as libcurl keeps them for git where `http.cookieFile` is set: those of the file, which is in
//! Netscape's format or holds `Set-Cookie` headers, and those that the server sets. Nothing is ever written to the file.

use std::fs;
use std::path::Path;

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};
use jiff::Timestamp;
use url::Url;

use crate::names::Origin;
use crate::net::retry_after;

/// The longest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;
/// The most cookies that a server may set, and the longest one, in bytes.
const MAX_COOKIES: usize = 50;
const MAX_HEADER_LENGTH: usize = 8 * 1024;

/// The cookies of one connection.
#[derive(Debug, Default)]
pub(super) struct CookieJar(Vec<Cookie>);

/// One cookie.
struct Cookie {
    name: String,
    value: String,
    /// In lower case; `None` in a file that does not name a host, which means every host.
    domain: Option<String>,
    below: bool,
    path: String,
    secure: bool,
    expires: Option<i64>,
}

/// A value may be a login.
impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cookie({})", self.name)
    }
}

impl CookieJar {
    /// Reads the user's file; one that is not there holds none.
    pub(super) fn of_file(file: &Path, now: Timestamp) -> Self {
        let is_read = fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= MAX_FILE_SIZE);
        let text = is_read.then(|| fs::read(file).ok()).flatten();
        Self::of_text(&String::from_utf8_lossy(&text.unwrap_or_default()), now)
    }

    fn of_text(text: &str, now: Timestamp) -> Self {
        let mut jar = Self::default();
        for cookie in text.lines().filter_map(|line| of_line(line, now)) {
            jar.replace(&cookie);
            jar.0.push(cookie);
        }
        jar
    }

    /// Removes the cookie that `new` takes the place of.
    fn replace(&mut self, new: &Cookie) {
        let names = |it: &Cookie| (it.name.clone(), it.domain.clone(), it.path.clone());
        let place = names(new);
        self.0.retain(|known| names(known) != place);
    }

    /// Returns the value of the `Cookie` header for `url`; `None` when there is none for it.
    pub(super) fn header(&self, url: &Url, now: Timestamp) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.pairs(url, now)?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn pairs(&self, url: &Url, now: Timestamp) -> Option<String> {
        let cookies = self.0.iter();
        let mut found: Vec<&Cookie> = cookies.filter(|it| it.is_for(url, now)).collect();
        // The longer path first.
        found.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pair = |cookie: &&Cookie| format!("{}={}", cookie.name, cookie.value);
        let pairs: Vec<String> = found.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes over what an answer of `url` sets.
    pub(super) fn take(&mut self, headers: &HeaderMap, url: &Url, now: Timestamp) {
        let host = host_of(url);
        for header in headers.get_all(SET_COOKIE).iter().take(MAX_COOKIES) {
            let text = header
                .to_str()
                .ok()
                .filter(|text| text.len() <= MAX_HEADER_LENGTH);
            let Some(mut cookie) = text.and_then(|text| of_header(text, now)) else {
                continue;
            };
            if cookie.domain.is_none() {
                cookie.below = false;
            }
            cookie.domain.get_or_insert_with(|| host.clone());
            if cookie.path.is_empty() {
                let directory = url.path().rsplit_once('/').map_or("", |(before, _)| before);
                cookie.path = format!("{directory}/");
            }
            if !cookie.is_of_host(&host) || (cookie.secure && !is_secure(url)) {
                continue;
            }
            self.replace(&cookie);
            if !cookie.is_over(now) && self.0.len() < MAX_COOKIES {
                self.0.push(cookie);
            }
        }
    }
}

fn of_line(line: &str, now: Timestamp) -> Option<Cookie> {
    let is_header = line
        .get(..11)
        .is_some_and(|start| start.eq_ignore_ascii_case("Set-Cookie:"));
    if is_header {
        return of_header(line.get(11..)?, now);
    }
    let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (domain, below, path) = (next()?, next()?, next()?);
    let (secure, expires, name) = (next()?, next()?, next()?);
    // Some programs write parts of a second.
    let whole = expires.split_once('.').map_or(expires, |(whole, _)| whole);
    let expires: i64 = whole.parse().ok()?;
    Some(Cookie {
        name: name.to_owned(),
        value: next().unwrap_or_default().to_owned(),
        domain: Some(domain_of(domain)),
        below: below.eq_ignore_ascii_case("TRUE"),
        path: path.to_owned(),
        secure: secure.eq_ignore_ascii_case("TRUE"),
        expires: (expires != 0).then_some(expires),
    })
}

/// Reads the value of a `Set-Cookie` header. `Max-Age` counts more than `Expires`.
fn of_header(header: &str, now: Timestamp) -> Option<Cookie> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        domain: None,
        below: true,
        path: String::new(),
        secure: false,
        expires: None,
    };
    let mut lives = None;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "domain" if !value.is_empty() => cookie.domain = Some(domain_of(value)),
            "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
            "secure" => cookie.secure = true,
            "max-age" => lives = value.trim_matches('"').parse::<i64>().ok(),
            "expires" => cookie.expires = retry_after(value, now).map(Timestamp::as_second),
            _ => {}
        }
    }
    if let Some(seconds) = lives {
        cookie.expires = Some(now.as_second().saturating_add(seconds.max(0)));
    }
    (!cookie.name.is_empty()).then_some(cookie)
}

fn domain_of(text: &str) -> String {
    text.trim_start_matches('.').to_ascii_lowercase()
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_ascii_lowercase()
}

/// Says whether the connection cannot be read by others: secure cookies are sent over http to this machine, too.
fn is_secure(url: &Url) -> bool {
    let is_loopback = || Origin::of(url).is_some_and(|origin| origin.is_loopback());
    url.scheme() == "https" || is_loopback()
}

impl Cookie {
    fn is_for(&self, url: &Url, now: Timestamp) -> bool {
        let rest = url.path().strip_prefix(self.path.trim_end_matches('/'));
        self.is_of_host(&host_of(url))
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && (!self.secure || is_secure(url))
            && !self.is_over(now)
    }

    fn is_of_host(&self, host: &str) -> bool {
        let Some(domain) = &self.domain else {
            return true;
        };
        let rest = host.strip_suffix(domain.as_str());
        let is_below = |rest: &str| self.below && rest.ends_with('.');
        rest.is_some_and(|rest| rest.is_empty() || is_below(rest))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|until| until <= now.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Netscape HTTP Cookie File\n\
        git.example.test\tFALSE\t/\tFALSE\t0\ta\t1\n\
        .example.test\tTRUE\t/team\tFALSE\t2000000000.25\tb\told\n\
        .example.test\tTRUE\t/team\tFALSE\t2000000000.25\tb\t2\n\
        #HttpOnly_git.example.test\tFALSE\t/\tTRUE\t0\tsecure\t3\n\
        git.example.test\tFALSE\t/\tFALSE\t1000\told\t4\n\
        Set-Cookie: c=5; Domain=git.example.test; Path=/team\n\
        Set-Cookie: d=6; Domain=git.example.test; Expires=Thu, 01 Jan 1970 00:00:10 GMT\n";

    fn now() -> Timestamp {
        Timestamp::from_second(1_900_000_000).unwrap()
    }

    fn found(jar: &CookieJar, url: &str) -> String {
        jar.pairs(&Url::parse(url).unwrap(), now())
            .unwrap_or_default()
    }

    #[test]
    fn cookies_go_where_they_are_for() {
        let jar = CookieJar::of_text(FILE, now());
        let found = |url: &str| found(&jar, url);
        assert_eq!(
            found("https://git.example.test/team/r"),
            "b=2; c=5; a=1; secure=3"
        );
        assert_eq!(found("http://git.example.test/other"), "a=1");
        assert_eq!(found("https://x.example.test/team"), "b=2");
        assert_eq!(found("https://evilexample.test/team"), "");
        assert_eq!(found("https://git.example.test/teams"), "a=1; secure=3");
    }

    #[test]
    fn a_header_of_a_file_that_names_no_host_is_for_every_one() {
        let jar = CookieJar::of_text("Set-Cookie: o=tok; Secure\n", now());
        assert_eq!(found(&jar, "https://any.test/r"), "o=tok");
        assert_eq!(found(&jar, "http://127.0.0.1/r"), "o=tok");
        assert_eq!(found(&jar, "http://any.test/r"), "");
    }

    #[test]
    fn what_a_server_sets_goes_back_to_it_until_it_is_over() {
        let mut jar = CookieJar::default();
        let url = Url::parse("https://git.example.test/r.git/info/refs").unwrap();
        let mut set = |text: &'static str| {
            let headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static(text))]);
            jar.take(&headers, &url, now());
            found(&jar, "https://git.example.test/r.git/git-receive-pack")
        };
        assert_eq!(set("s=1; Path=/; HttpOnly"), "s=1");
        assert_eq!(set("s=2; Path=/; Max-Age=60"), "s=2");
        // Of the directory of the request, as long as nothing else is said.
        assert_eq!(set("near=1"), "s=2");
        assert_eq!(set("t=1; Path=/r.git; Domain=.example.test"), "t=1; s=2");
        assert_eq!(set("evil=1; Path=/; Domain=other.test"), "t=1; s=2");
        assert_eq!(set("s=; Path=/; Max-Age=0"), "t=1");
        let over = "t=; Path=/r.git; Domain=example.test; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(set(over), "");
    }
}
