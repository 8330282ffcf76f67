//! `Digest`: HTTP's Digest access authentication (RFC 7616, and RFC 2069's form without `qop`).

use std::sync::atomic::{AtomicU32, Ordering};

use faster_hex::hex_string;
use md5::Md5;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256, Sha512_256};
use uuid::Uuid;

use crate::byte_text::to_bytes;

use super::challenge::{Challenge, Challenges};

/// What a server wants to be answered with.
#[derive(Debug)]
pub struct Digest {
    challenge: Challenge,
    hash: Hash,
    session: bool,
    /// How many requests were answered with this nonce.
    count: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex_string(&Md5::digest(to_bytes(text))),
            Self::Sha256 => hex_string(&Sha256::digest(to_bytes(text))),
            Self::Sha512_256 => hex_string(&Sha512_256::digest(to_bytes(text))),
        }
    }
}

impl Digest {
    /// Takes the strongest challenge that can be answered; `None` where there is none.
    pub fn of(offered: &Challenges) -> Option<Self> {
        let answerable = offered.all("Digest").filter_map(|challenge| {
            let algorithm = challenge
                .parameter("algorithm")
                .unwrap_or("MD5")
                .to_ascii_uppercase();
            let (name, session) = match algorithm.strip_suffix("-SESS") {
                Some(name) => (name, true),
                None => (algorithm.as_str(), false),
            };
            let hash = match name {
                "MD5" => Hash::Md5,
                "SHA-256" => Hash::Sha256,
                "SHA-512-256" => Hash::Sha512_256,
                _ => return None,
            };
            let is_complete =
                challenge.parameter("nonce").is_some() && challenge.parameter("realm").is_some();
            (is_complete && (challenge.parameter("qop").is_none() || wants_auth(challenge))).then(
                || Self {
                    challenge: challenge.clone(),
                    hash,
                    session,
                    count: AtomicU32::new(0),
                },
            )
        });
        answerable.max_by_key(|digest| digest.hash)
    }

    /// Says whether the server only wants the same login with another nonce.
    pub fn is_stale(&self) -> bool {
        let stale = self.challenge.parameter("stale");
        stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
    }

    /// Returns the value of the header for one request; `uri` is what is requested, as the request line has it.
    pub fn answer(&self, user: &str, password: &SecretString, method: &str, uri: &str) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let cnonce = Uuid::now_v7().simple().to_string();
        self.answer_with((user, password), method, uri, count, &cnonce)
    }

    fn answer_with(
        &self,
        (user, password): (&str, &SecretString),
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> String {
        let parameter = |name: &str| self.challenge.parameter(name).unwrap_or_default();
        let (realm, nonce) = (parameter("realm"), parameter("nonce"));
        let hash = |text: &str| self.hash.of(text);
        let mut secret = hash(&format!("{user}:{realm}:{}", password.expose_secret()));
        if self.session {
            secret = hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = hash(&format!("{method}:{uri}"));
        let counted = wants_auth(&self.challenge);
        let response = if counted {
            hash(&format!(
                "{secret}:{nonce}:{count:08x}:{cnonce}:auth:{request}"
            ))
        } else {
            hash(&format!("{secret}:{nonce}:{request}"))
        };
        let hides_user = parameter("userhash").eq_ignore_ascii_case("true");
        let shown_user = if hides_user {
            hash(&format!("{user}:{realm}"))
        } else {
            user.to_owned()
        };
        let mut fields = vec![
            format!("username={}", quoted(&shown_user)),
            format!("realm={}", quoted(realm)),
            format!("nonce={}", quoted(nonce)),
            format!("uri={}", quoted(uri)),
            format!("response=\"{response}\""),
        ];
        if let Some(algorithm) = self.challenge.parameter("algorithm") {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            fields.push(format!(
                "algorithm={}",
                algorithm.replace(|c| !plain(c), "")
            ));
        }
        if let Some(opaque) = self.challenge.parameter("opaque") {
            fields.push(format!("opaque={}", quoted(opaque)));
        }
        if counted {
            fields.push(format!("qop=auth, nc={count:08x}"));
        }
        if counted || self.session {
            fields.push(format!("cnonce=\"{cnonce}\""));
        }
        if hides_user {
            fields.push("userhash=true".to_owned());
        }
        format!("Digest {}", fields.join(", "))
    }
}

/// Says whether the server lets a request be signed without its body, counted.
fn wants_auth(challenge: &Challenge) -> bool {
    let kinds = challenge.parameter("qop").unwrap_or_default();
    kinds
        .split(',')
        .any(|kind| kind.trim().eq_ignore_ascii_case("auth"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    /// The example of RFC 7616, section 3.9.1.
    #[test]
    fn the_examples_of_the_rfc_are_answered() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let header = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let digest = Digest::of(&Challenges::of_texts(&[&header])).unwrap();
            let login = ("Mufasa", &SecretString::from("Circle of Life"));
            let answer = digest.answer_with(login, "GET", "/dir/index.html", 1, CNONCE);
            assert!(
                answer.contains(&format!("response=\"{response}\"")),
                "{answer}"
            );
            assert!(answer.contains("nc=00000001"), "{answer}");
        }
    }

    /// The example of RFC 2069, section 2.4, with the response of its erratum 749.
    #[test]
    fn a_challenge_without_qop_is_answered_as_of_old() {
        let header =
            "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let digest = Digest::of(&Challenges::of_texts(&[header])).unwrap();
        let login = ("Mufasa", &SecretString::from("CircleOfLife"));
        let answer = digest.answer_with(login, "GET", "/dir/index.html", 1, CNONCE);
        assert!(
            answer.contains("response=\"1949323746fe6a43ef61f9606e7febea\""),
            "{answer}"
        );
        assert!(!answer.contains("nc="), "{answer}");
    }

    #[test]
    fn the_strongest_challenge_that_can_be_answered_is_taken() {
        let offered = Challenges::of_texts(&[
            "Digest realm=\"x\", nonce=\"1\", algorithm=MD5",
            "Digest realm=\"x\", nonce=\"2\", algorithm=SHA-256",
            "Digest realm=\"x\", nonce=\"3\", algorithm=SHAKE",
        ]);
        let digest = Digest::of(&offered).unwrap();
        assert_eq!(digest.challenge.parameter("nonce"), Some("2"));
        for none in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\", nonce=\"1\", qop=\"auth-int\"",
            "Digest realm=\"x\"",
        ] {
            assert!(
                Digest::of(&Challenges::of_texts(&[none])).is_none(),
                "{none}"
            );
        }
    }
}
