//! Verifies the signatures of deliveries, in constant time and before the body is parsed.

use faster_hex::hex_decode;
use hyper::header::HeaderMap;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::gitlab_signature;
use super::mac::{single_header, verify_mac};
use super::secrets::HookSecrets;
use super::signature_error::SignatureError;
use super::source::Source;

/// The header with GitHub's signature.
const GITHUB: &str = "x-hub-signature-256";
/// The headers with Gitea's and Forgejo's.
const GITEA: [&str; 2] = ["x-gitea-signature", "x-forgejo-signature"];

/// Verifies that the sender of a delivery knows one of the secrets.
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
            let given = single_header(headers, GITHUB)?;
            let digits = given.strip_prefix("sha256=").unwrap_or_default();
            signed(GITHUB, digits, body, secrets)
        }
        Source::Gitea => {
            let has = |name: &&str| headers.contains_key(*name);
            let name = GITEA.into_iter().find(has).unwrap_or(GITEA[0]);
            signed(name, single_header(headers, name)?, body, secrets)
        }
        Source::GitLab => gitlab_signature::check(headers, body, secrets, now),
    }
}

/// Verifies a hexadecimal signature of the body.
fn signed(
    name: &'static str,
    digits: &str,
    body: &[u8],
    secrets: &HookSecrets,
) -> Result<(), SignatureError> {
    let given = from_hex(digits).ok_or(SignatureError::Wrong(name))?;
    let mut found = false;
    for secret in secrets.iter() {
        found |= verify_mac(secret.expose_secret().as_bytes(), &[body], &given);
    }
    found.then_some(()).ok_or(SignatureError::Wrong(name))
}

/// Reads 32 bytes in hexadecimal.
fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let is_whole = digits.len() == 2 * bytes.len();
    (is_whole && hex_decode(digits.as_bytes(), &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

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
}
