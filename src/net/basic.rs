//! The value of a header that carries a login as Basic (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::byte_text::to_bytes;

/// Returns the value for a login, whose bytes are sent as they are; logs do not show it.
pub fn basic_authorization(user: &str, password: &SecretString) -> Option<HeaderValue> {
    let mut login = to_bytes(user);
    login.push(b':');
    login.extend(to_bytes(password.expose_secret()));
    let value = format!("Basic {}", STANDARD.encode(&login));
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use crate::byte_text::from_bytes;

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
