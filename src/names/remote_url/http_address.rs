//! The login and the host of an http(s) URL, in the spelling that both parsers read alike.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::byte_text::from_bytes;

use super::error::RemoteUrlError;

/// Returns the text between `://` and the path; `None` for an address without a scheme.
pub(super) fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', '?', '#', '\\']).next()
}

/// Returns a URL of http(s) whose login both parsers read: every `%` that begins no escape is one itself, as it stands for
/// itself to git, and what is no UTF-8 is spelled as [`from_bytes`] reads it. `None` where that is so already.
pub(super) fn with_legible_login(text: &str) -> Option<String> {
    let (scheme @ ("http" | "https"), rest) = text.split_once("://")? else {
        return None;
    };
    let (login, place) = authority(text)?.split_once('@')?;
    let legible = match login.split_once(':') {
        Some((user, password)) => format!("{}:{}", legible(user), legible(password)),
        None => legible(login),
    };
    let path = rest.get(login.len() + 1 + place.len()..)?;
    (legible != login).then(|| format!("{scheme}://{legible}@{place}{path}"))
}

/// Returns a user or a password in a spelling that every parser reads.
fn legible(part: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(part).collect();
    if std::str::from_utf8(&bytes).is_err() {
        return utf8_percent_encode(&from_bytes(&bytes), NON_ALPHANUMERIC).to_string();
    }
    let begins_escape = |at: usize| {
        let digits = part.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let letters = part.char_indices().map(|(at, c)| match c {
        '%' if !begins_escape(at) => "%25".to_owned(),
        c => c.to_string(),
    });
    letters.collect()
}

/// Returns a URL of http(s) without its path, and the path; `None` for another one.
pub(super) fn without_path(text: &str) -> Option<(&str, &str)> {
    let (scheme @ ("http" | "https"), _) = text.split_once("://")? else {
        return None;
    };
    text.split_at_checked(scheme.len() + "://".len() + authority(text)?.len())
}

/// Returns a URL of http(s) with the host that is looked up, as libcurl makes it of one beyond ASCII (RFC 5891) and of an address
/// that is not in its short form, and the host as it is written; `None` where both are the same.
pub(super) fn with_usual_host(text: &str) -> Result<Option<(String, String)>, RemoteUrlError> {
    let Some((scheme @ ("http" | "https"), rest)) = text.split_once("://") else {
        return Ok(None);
    };
    let place = authority(text).unwrap_or_default();
    let (login, host) = match place.rsplit_once('@') {
        Some((login, host)) => (format!("{login}@"), host),
        None => (String::new(), place),
    };
    let port = bracket_end(host);
    let port = port
        + host
            .get(port..)
            .and_then(|rest| rest.find(':'))
            .unwrap_or(host.len() - port);
    let (host, port) = host.split_at(port);
    let second = url::Url::parse(&format!("https://{host}/"));
    let usual = second.as_ref().ok().and_then(url::Url::host_str);
    let is_name = second.as_ref().is_ok_and(|url| url.domain().is_some());
    let usual = usual.filter(|usual| match (host.is_ascii(), is_name) {
        (true, is_name) => !is_name,
        (false, is_name) => is_name && is_plain(usual) && usual.contains("xn--"),
    });
    match usual {
        None if !host.is_ascii() => Err(RemoteUrlError::Charset { part: "host" }),
        Some(usual) if !usual.eq_ignore_ascii_case(host) => {
            let path = rest.get(place.len()..).unwrap_or_default();
            let whole = format!("{scheme}://{login}{usual}{port}{path}");
            Ok(Some((whole, host.to_owned())))
        }
        _ => Ok(None),
    }
}

/// Returns where the bracket around an address closes.
fn bracket_end(host: &str) -> usize {
    let is_address = host.starts_with('[');
    host.find(']').filter(|_| is_address).unwrap_or(0)
}

/// Says whether a user or host is made of `[A-Za-z0-9._-]` and does not start with a dash.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use crate::byte_text::to_bytes;
    use crate::names::RemoteUrl;

    #[test]
    fn a_login_that_is_no_utf8_is_read_byte_by_byte() {
        for (login, user, password) in [
            ("u:%ff%E9a", b"u".as_slice(), b"\xff\xe9a".as_slice()),
            ("%ff:p%", b"\xff", b"p%"),
            ("u:%C3%A9", b"u", "\u{e9}".as_bytes()),
        ] {
            let url = RemoteUrl::parse(&format!("https://{login}@h.test/o/r")).unwrap();
            assert_eq!(to_bytes(url.user().unwrap()), user, "{login}");
            let shown = url.password().unwrap().expose_secret();
            assert_eq!(to_bytes(shown), password, "{login}");
        }
    }

    #[test]
    fn a_percent_sign_that_begins_no_escape_stands_for_itself_in_a_login() {
        for (login, user, password) in [
            ("u:50%", "u", "50%"),
            ("u:p%zz%41%4", "u", "p%zzA%4"),
            ("a%b%40c:p", "a%b@c", "p"),
        ] {
            let url = RemoteUrl::parse(&format!("https://{login}@h.test/o/r")).unwrap();
            let shown = url.password().map(ExposeSecret::expose_secret);
            assert_eq!((url.user(), shown), (Some(user), Some(password)), "{login}");
            assert_eq!(url.path(), "/o/r");
        }
        assert!(RemoteUrl::parse("https://u%@evil@h/r").is_err());
    }

    #[test]
    fn a_host_beyond_ascii_is_spelled_as_it_is_looked_up() {
        for (text, host) in [
            ("https://b\u{fc}cher.test/o/r", "xn--bcher-kva.test"),
            ("http://B\u{dc}CHER.test:81/o/r", "xn--bcher-kva.test"),
            ("https://stra\u{df}e.test/r", "xn--strae-oqa.test"),
            ("https://u:p@\u{4f8b}\u{3048}.test/r", "xn--r8jz45g.test"),
        ] {
            let url = RemoteUrl::parse(text).unwrap();
            assert_eq!(url.host(), Some(host), "{text}");
            assert!(
                url.to_string().is_ascii() && url.written_host().is_some(),
                "{url}"
            );
            assert_eq!(url.http_url().unwrap().host_str(), Some(host));
        }
        for text in [
            "https://a\u{2024}test/r",
            "https://a\u{3002}test/r",
            "https://h\u{ff0f}x.test/r",
            "https://a\u{2028}b.test/r",
        ] {
            let host = RemoteUrl::parse(text).map(|url| url.host().map(str::to_owned));
            assert!(host.is_err(), "{text:?}: {host:?}");
        }
    }

    #[test]
    fn an_address_in_another_form_is_the_one_that_is_asked() {
        for (text, host) in [
            ("http://[0:0:0:0:0:0:0:1]:81/r", "[::1]"),
            ("http://[2001:0DB8::0001]/r", "[2001:db8::1]"),
            ("http://[::ffff:127.0.0.1]/r", "[::ffff:7f00:1]"),
            ("http://127.1/r", "127.0.0.1"),
            ("http://2130706433:81/r", "127.0.0.1"),
        ] {
            let url = RemoteUrl::parse(text).unwrap();
            let bare = |host: &str| host.trim_matches(['[', ']']).to_owned();
            assert_eq!(url.host().map(bare), Some(bare(host)), "{text}");
            assert_eq!(url.port().is_some(), text.contains(":81/"), "{text}");
        }
        assert!(RemoteUrl::parse("http://127.0.0.256/r").is_err());
    }
}
