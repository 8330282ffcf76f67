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
    // Where a `%` begins no escape.
    let mut alone = Vec::new();
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
            alone.push(out.len());
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
    if alone.iter().any(|at| reads_as_escape(&out, *at)) || is_overlong(&out) {
        return Err(RemoteUrlError::DotSegment);
    }
    String::from_utf8(out).map_err(|_| RemoteUrlError::NotUtf8)
}

/// Says whether what follows a `%` that began no escape makes one of it, for us or for servers that know `%uXXXX`.
fn reads_as_escape(path: &[u8], at: usize) -> bool {
    let are_digits = |from: usize, to: usize| {
        let digits = path.get(at + from..at + to);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    are_digits(1, 3) || (matches!(path.get(at + 1), Some(b'u' | b'U')) && are_digits(2, 6))
}

/// Says whether an escaped character is longer than UTF-8 lets it be: a careless server reads a `.` or a separator in it.
fn is_overlong(path: &[u8]) -> bool {
    let second_is = |rest: &[u8], digits: &[u8]| matches!(rest, [_, _, _, b'%', digit, ..] if digits.contains(digit));
    (0..path.len()).any(|at| match path.get(at..) {
        Some([b'%', b'C', b'0' | b'1', ..]) => true,
        Some(rest @ [b'%', b'E', b'0', ..]) => second_is(rest, b"89"),
        Some(rest @ [b'%', b'F', b'0', ..]) => second_is(rest, b"8"),
        _ => false,
    })
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
        assert_eq!(normalised("/%zz/%4/%e9%ff").unwrap(), "/%zz/%4/%E9%FF");
        // These only look like it.
        for path in ["/a..b/.x/...", "/~u/%2e%2e%2e", "/a;..b/;x/..x;"] {
            assert!(normalised(path).is_ok(), "{path}");
        }
    }
}
