//! Authentication of GitLab's deliveries: a secret token, or a signature by the Standard Webhooks specification.

use hyper::header::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use crate::secrets::decode_base64;

use super::mac::{is_same_secret, single_header, verify_mac};
use super::secrets::{HookSecrets, signing_key};
use super::signature_error::SignatureError;

/// The header with GitLab's secret token.
const GITLAB_TOKEN: &str = "x-gitlab-token";
/// The header with GitLab's signature, by the Standard Webhooks specification.
const GITLAB: &str = "webhook-signature";
/// How far the time of such a signature can be from ours: five minutes, as Standard Webhooks recommends.
const MAX_TIME_DIFFERENCE: SignedDuration = SignedDuration::from_mins(5);
/// The most signatures of one header that are compared.
const MAX_SIGNATURES: usize = 8;

/// Checks a delivery of GitLab: by its signature where it has one and a signing token is set, else by its token.
pub(super) fn check(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &HookSecrets,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let has_signing_token = secrets.iter().any(|secret| signing_key(secret).1);
    if headers.contains_key(GITLAB) {
        let signed = standard(headers, body, secrets, now);
        // A token does not make up for an invalid signature.
        if signed.is_ok() || has_signing_token || !headers.contains_key(GITLAB_TOKEN) {
            return signed;
        }
    }
    let given = single_header(headers, GITLAB_TOKEN)?;
    let mut found = false;
    for secret in secrets.iter().filter(|secret| !signing_key(secret).1) {
        found |= is_same_secret(secret.expose_secret().as_bytes(), given.as_bytes());
    }
    let wrong = SignatureError::Wrong(GITLAB_TOKEN);
    found.then_some(()).ok_or(wrong)
}

/// Verifies a signature header of Standard Webhooks: `v1,` and base64, several separated by spaces.
fn standard(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &HookSecrets,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let signatures = single_header(headers, GITLAB)?;
    let id = single_header(headers, "webhook-id")?;
    let time = single_header(headers, "webhook-timestamp")?;
    let mut found = false;
    for signature in signatures.split(' ').take(MAX_SIGNATURES) {
        let digits = signature.strip_prefix("v1,").unwrap_or_default();
        let given = decode_base64(digits.as_bytes()).unwrap_or_default();
        for secret in secrets.iter() {
            let (key, _) = signing_key(secret);
            let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
            found |= verify_mac(&key, &parts, &given);
        }
    }
    if !found {
        return Err(SignatureError::Wrong(GITLAB));
    }
    let made = time.parse().ok().map(Timestamp::from_second);
    match made {
        Some(Ok(made)) if now.duration_since(made).abs() <= MAX_TIME_DIFFERENCE => Ok(()),
        _ => Err(SignatureError::Stale),
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use hyper::header::HeaderName;
    use sha2::Sha256;

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";

    fn checked(pairs: &[(&str, &str)], secrets: &[&str]) -> Result<(), SignatureError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let secrets = HookSecrets::of(secrets.iter().copied());
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        check(&headers, b"Hello, World!", &secrets, now)
    }

    /// Signs as Standard Webhooks says, with the key behind `whsec_`.
    fn standard_signature(key: &[u8], id: &str, time: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{id}.{time}.Hello, World!").as_bytes());
        let code = mac.finalize().into_bytes();
        format!("v1,{}", encode(&code))
    }

    fn encode(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let mut bits = 0_usize;
            for at in 0..3 {
                bits = bits << 8 | usize::from(group.get(at).copied().unwrap_or(0));
            }
            for at in 0..=group.len() {
                text.push(char::from(DIGITS[bits >> (18 - 6 * at) & 63]));
            }
        }
        text
    }

    #[test]
    fn gitlab_sends_a_token_or_a_signature() {
        let token = |given: &str, secrets: &[&str]| checked(&[(GITLAB_TOKEN, given)], secrets);
        assert_eq!(token(SECRET, &["another", SECRET]), Ok(()));
        let wrong = Err(SignatureError::Wrong(GITLAB_TOKEN));
        for given in [
            "",
            "It's a Secret to Everybod",
            "it's a secret to everybody",
        ] {
            assert_eq!(token(given, &[SECRET]), wrong, "{given}");
        }
        let key = b"0123456789abcdef0123456789abcdef";
        let secret = format!("whsec_{}", encode(key));
        let good = standard_signature(key, "id-1", "1700000000");
        let signed = |signature: &str, time: &str, secrets: &[&str]| {
            let pairs = [
                (GITLAB, signature),
                ("webhook-id", "id-1"),
                ("webhook-timestamp", time),
                (GITLAB_TOKEN, SECRET),
            ];
            checked(&pairs, secrets)
        };
        assert_eq!(signed(&good, "1700000000", &[&secret]), Ok(()));
        assert_eq!(
            signed(&format!("v1a,x v1,AA {good}"), "1700000000", &[&secret]),
            Ok(())
        );
        // The time is signed too.
        let wrong = Err(SignatureError::Wrong(GITLAB));
        assert_eq!(signed(&good, "1700000001", &[&secret]), wrong);
        // Without a signing token the signature cannot be verified, and the secret token decides.
        assert_eq!(signed("v1,AAAA", "1700000000", &[&secret, SECRET]), wrong);
        assert_eq!(signed("v1,AAAA", "1700000000", &[SECRET]), Ok(()));
        let old = standard_signature(key, "id-1", "1699999000");
        assert_eq!(
            signed(&old, "1699999000", &[&secret]),
            Err(SignatureError::Stale)
        );
    }
}
