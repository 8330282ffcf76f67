//! Message authentication codes, compared in constant time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::HeaderMap;
use sha2::Sha256;

use super::signature_error::SignatureError;

/// Returns the text of a header. One that is missing or repeated is an error.
pub(super) fn single_header<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<&'h str, SignatureError> {
    let mut all = headers.get_all(name).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(SignatureError::Missing(name));
    };
    value.to_str().map_err(|_| SignatureError::Wrong(name))
}

/// Says in constant time whether `code` is the HMAC-SHA-256 of the parts with `key`.
pub(super) fn verify_mac(key: &[u8], parts: &[&[u8]], code: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(code).is_ok()
}

/// Says in constant time whether two secrets are the same. Their authentication codes are compared, so that the length does
/// not show either.
pub(super) fn is_same_secret(secret: &[u8], given: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    mac.update(secret);
    verify_mac(secret, &[given], &mac.finalize().into_bytes())
}
