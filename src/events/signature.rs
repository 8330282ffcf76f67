//! Signatures of deliveries, compared in constant time before anything is read of the body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use crate::secrets::decode_base64;

use super::secrets::{HookSecrets, signing_key};
use super::source::Source;

/// The header with GitHub's signature.
const GITHUB: &str = "x-hub-signature-256";
/// The headers with Gitea's and Forgejo's.
const GITEA: [&str; 2] = ["x-gitea-signature", "x-forgejo-signature"];
/// The header with GitLab's secret token.
const GITLAB_TOKEN: &str = "x-gitlab-token";
/// The header with GitLab's signature, as Standard Webhooks has it.
const GITLAB: &str = "webhook-signature";
/// How far the time of such a signature may be from ours: five minutes, as Standard Webhooks says.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// How many signatures of one header are compared.
const MOST_SIGNATURES: usize = 8;

/// Why a delivery is not taken for one of the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The policy has no secret for the forge, so that nobody can prove anything.
    #[error("no secret is set for {0}: name one in `{key}`, or set {variable}", key = .0.key(), variable = .0.variable())]
    NoSecret(Source),
    /// The header is missing, or there twice.
    #[error("the header {0} is missing, or there twice: set the same secret at the webhook")]
    Missing(&'static str),
    /// The signature is not that of the body with any of the secrets.
    #[error("the signature in {0} is not one of this body with the secret that is set here")]
    Wrong(&'static str),
    /// The signature is old, or of the future.
    #[error("the time in webhook-timestamp is more than 5 minutes from ours")]
    Stale,
}

/// Checks that a delivery comes from somebody who knows one of the secrets.
pub fn verify(
    source: Source,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &HookSecrets,
    now: Timestamp,
) -> Result<(), SignatureError> {
    if secrets.is_empty() {
        return Err(SignatureError::NoSecret(source));
    }
    match source {
        Source::GitHub => {
            let given = only(headers, GITHUB)?;
            let digits = given.strip_prefix("sha256=").unwrap_or_default();
            signed(GITHUB, digits, body, secrets)
        }
        Source::Gitea => {
            let has = |name: &&str| headers.contains_key(*name);
            let name = GITEA.into_iter().find(has).unwrap_or(GITEA[0]);
            signed(name, only(headers, name)?, body, secrets)
        }
        Source::GitLab => gitlab(headers, body, secrets, now),
    }
}

/// Compares a signature in hexadecimal with that of the body.
fn signed(
    name: &'static str,
    digits: &str,
    body: &[u8],
    secrets: &HookSecrets,
) -> Result<(), SignatureError> {
    let given = from_hex(digits).ok_or(SignatureError::Wrong(name))?;
    let mut found = false;
    for secret in secrets.iter() {
        found |= is_code(secret.expose_secret().as_bytes(), &[body], &given);
    }
    found.then_some(()).ok_or(SignatureError::Wrong(name))
}

/// Checks a delivery of GitLab: by its signature where it has one and a signing token is set, else by its token.
fn gitlab(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &HookSecrets,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let has_signing_token = secrets.iter().any(|secret| signing_key(secret).1);
    if headers.contains_key(GITLAB) {
        let signed = standard(headers, body, secrets, now);
        // A signature that should hold and does not is not made good by a token.
        if signed.is_ok() || has_signing_token || !headers.contains_key(GITLAB_TOKEN) {
            return signed;
        }
    }
    let given = only(headers, GITLAB_TOKEN)?;
    let mut found = false;
    for secret in secrets.iter().filter(|secret| !signing_key(secret).1) {
        found |= is_same(secret.expose_secret().as_bytes(), given.as_bytes());
    }
    let wrong = SignatureError::Wrong(GITLAB_TOKEN);
    found.then_some(()).ok_or(wrong)
}

/// Compares the signatures of a header of Standard Webhooks: `v1,` and base64, with a blank between two.
fn standard(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &HookSecrets,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let signatures = only(headers, GITLAB)?;
    let id = only(headers, "webhook-id")?;
    let time = only(headers, "webhook-timestamp")?;
    let mut found = false;
    for signature in signatures.split(' ').take(MOST_SIGNATURES) {
        let digits = signature.strip_prefix("v1,").unwrap_or_default();
        let given = decode_base64(digits.as_bytes()).unwrap_or_default();
        for secret in secrets.iter() {
            let (key, _) = signing_key(secret);
            let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
            found |= is_code(&key, &parts, &given);
        }
    }
    if !found {
        return Err(SignatureError::Wrong(GITLAB));
    }
    let made = time.parse().ok().map(Timestamp::from_second);
    match made {
        Some(Ok(made)) if now.duration_since(made).abs() <= TOLERANCE => Ok(()),
        _ => Err(SignatureError::Stale),
    }
}

/// Returns the text of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, SignatureError> {
    let mut all = headers.get_all(name).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(SignatureError::Missing(name));
    };
    value.to_str().map_err(|_| SignatureError::Wrong(name))
}

/// Says in constant time whether `code` is the authentication code of the parts with `key`.
fn is_code(key: &[u8], parts: &[&[u8]], code: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(code).is_ok()
}

/// Says in constant time whether two secrets are the same: their codes are compared, which are equally long.
fn is_same(secret: &[u8], given: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    mac.update(secret);
    is_code(secret, &[given], &mac.finalize().into_bytes())
}

/// Reads 32 bytes in hexadecimal.
fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        let pair = digits.get(at..at + 2)?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        map
    }

    fn check(
        source: Source,
        pairs: &[(&str, &str)],
        secrets: &[&str],
    ) -> Result<(), SignatureError> {
        let secrets = HookSecrets::of(secrets.iter().copied());
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        verify(source, &headers(pairs), b"Hello, World!", &secrets, now)
    }

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn the_documented_example_of_github_is_verified() {
        let signature = format!("sha256={DIGITS}");
        let github =
            |value: &str, secrets: &[&str]| check(Source::GitHub, &[(GITHUB, value)], secrets);
        assert_eq!(github(&signature, &[SECRET]), Ok(()));
        assert_eq!(github(&signature, &["another", SECRET]), Ok(()));
        assert_eq!(
            github(
                &signature.to_uppercase().replace("SHA256", "sha256"),
                &[SECRET]
            ),
            Ok(())
        );
        let wrong = Err(SignatureError::Wrong(GITHUB));
        assert_eq!(github(&signature, &["another"]), wrong);
        for value in [
            "",
            DIGITS,
            "sha256=",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            "sha256=+57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
        ] {
            assert_eq!(github(value, &[SECRET]), wrong, "{value}");
        }
        let missing = Err(SignatureError::Missing(GITHUB));
        assert_eq!(check(Source::GitHub, &[], &[SECRET]), missing);
        let twice = [(GITHUB, signature.as_str()), (GITHUB, signature.as_str())];
        assert_eq!(check(Source::GitHub, &twice, &[SECRET]), missing);
        let none = Err(SignatureError::NoSecret(Source::GitHub));
        assert_eq!(github(&signature, &[]), none);
    }

    #[test]
    fn gitea_and_forgejo_sign_without_a_prefix() {
        for name in GITEA {
            assert_eq!(check(Source::Gitea, &[(name, DIGITS)], &[SECRET]), Ok(()));
            let wrong = check(Source::Gitea, &[(name, DIGITS)], &["another"]);
            assert_eq!(wrong, Err(SignatureError::Wrong(name)));
        }
        // A bad signature of the first header is not made good by the second.
        let both = [(GITEA[0], "00"), (GITEA[1], DIGITS)];
        let wrong = Err(SignatureError::Wrong(GITEA[0]));
        assert_eq!(check(Source::Gitea, &both, &[SECRET]), wrong);
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
        let token = |given: &str, secrets: &[&str]| {
            check(Source::GitLab, &[(GITLAB_TOKEN, given)], secrets)
        };
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
            check(Source::GitLab, &pairs, secrets)
        };
        assert_eq!(signed(&good, "1700000000", &[&secret]), Ok(()));
        assert_eq!(
            signed(&format!("v1a,x v1,AA {good}"), "1700000000", &[&secret]),
            Ok(())
        );
        // The time is signed too.
        let wrong = Err(SignatureError::Wrong(GITLAB));
        assert_eq!(signed(&good, "1700000001", &[&secret]), wrong);
        // A token does not make a bad signature good where a signing token is set; without one nobody can tell.
        assert_eq!(signed("v1,AAAA", "1700000000", &[&secret, SECRET]), wrong);
        assert_eq!(signed("v1,AAAA", "1700000000", &[SECRET]), Ok(()));
        let old = standard_signature(key, "id-1", "1699999000");
        assert_eq!(
            signed(&old, "1699999000", &[&secret]),
            Err(SignatureError::Stale)
        );
    }
}
