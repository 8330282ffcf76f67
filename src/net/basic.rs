//! The value of a header that carries a login as Basic (RFC 7617).

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sendoff_push::byte_text::to_bytes;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns the value for a login, whose bytes are sent as they are; logs do not show it.
pub fn basic_authorization(user: &str, password: &SecretString) -> Option<HeaderValue> {
    let mut login = to_bytes(user);
    login.push(b':');
    login.extend(to_bytes(password.expose_secret()));
    let value = format!("Basic {}", base64(&login));
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| {
            bits << 8 | group.get(at).map_or(0, |byte| u32::from(*byte))
        });
        for at in 0..4_usize {
            let digit = usize::try_from(bits >> (18 - 6 * at) & 63).ok();
            let digit = digit.and_then(|digit| DIGITS.get(digit));
            let digit = digit.filter(|_| at <= group.len());
            text.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use sendoff_push::byte_text::from_bytes;

    use super::*;

    #[test]
    fn a_login_is_sent_byte_by_byte() {
        for (user, password, sent) in [
            ("u", b"p".as_slice(), "Basic dTpw"),
            ("", b"", "Basic Og=="),
            ("me", b"\xff\xe9", "Basic bWU6/+k="),
            ("u", "p\u{e9}".as_bytes(), "Basic dTpww6k="),
        ] {
            let password = SecretString::from(from_bytes(password));
            let value = basic_authorization(user, &password).unwrap();
            assert_eq!(value.to_str().unwrap(), sent);
            assert!(!format!("{value:?}").contains("Basic"));
        }
    }
}
