//! The one normaliser of a path in an http(s) URL: what is compared is what is requested.

use super::error::RemoteUrlError;

/// Returns the path of an http(s) remote in its one spelling. A part that leads out of its own directory is refused.
pub(super) fn normalised(path: &str) -> Result<String, RemoteUrlError> {
    let path = spelled(path)?;
    if climbs(&path) {
        return Err(RemoteUrlError::DotSegment);
    }
    Ok(path)
}

/// Returns the path in the spelling of RFC 3986, section 6.2.2: what needs no percent-encoding is plain, the rest is in
/// capitals. An encoded separator is refused.
pub(super) fn spelled(path: &str) -> Result<String, RemoteUrlError> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digits = bytes.clone();
        let encoded = digits.next().and_then(hex).zip(digits.next().and_then(hex));
        // A `%` without two digits stands for itself, as it does for git.
        let Some((high, low)) = encoded else {
            out.push(byte);
            continue;
        };
        bytes = digits;
        match high * 16 + low {
            // To a server this may be the separator, to whoever compares it is not.
            b'/' | b'\\' => return Err(RemoteUrlError::DotSegment),
            plain if is_unreserved(plain) => out.push(plain),
            other => out.extend(format!("%{other:02X}").bytes()),
        }
    }
    String::from_utf8(out).map_err(|_| RemoteUrlError::NotUtf8)
}

/// Says whether a path has a part that leads upwards, or a separator in disguise, decoded as often as
/// a server and a proxy before it may do.
pub(super) fn climbs(path: &str) -> bool {
    let mut path = path.to_owned();
    loop {
        if path.contains('\\') || path.split('/').any(is_dot_segment) {
            return true;
        }
        let decoded = ["%2e", "%2f", "%5c", "%25", "%3b"]
            .iter()
            .zip([".", "/", "\\", "%", ";"])
            .fold(path.to_ascii_lowercase(), |path, (encoded, plain)| {
                path.replace(encoded, plain)
            });
        if decoded.len() == path.len() {
            return false;
        }
        // `%2f` stands for no separator in an honest URL.
        if path.to_ascii_lowercase().contains("%2f") || path.to_ascii_lowercase().contains("%5c") {
            return true;
        }
        path = decoded;
    }
}

/// Says whether a server may read a part as a step upwards or none. What stands behind `;` is a parameter to some.
fn is_dot_segment(part: &str) -> bool {
    let name = part.split(';').next();
    matches!(name, Some("." | ".."))
}

fn hex(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_one() {
        for path in [
            "/team/a%20b.git",
            "/%74e%61m/a%20b%2egit",
            "/team/a%20b%2Egit",
        ] {
            assert_eq!(normalised(path).unwrap(), "/team/a%20b.git", "{path}");
        }
        assert_eq!(normalised("/%c3%bc/100%").unwrap(), "/%C3%BC/100%");
        // These only look like it.
        for path in ["/a..b/.x/...", "/~u/%2e%2e%2e", "/a;..b/;x/..x;"] {
            assert!(normalised(path).is_ok(), "{path}");
        }
    }
}
