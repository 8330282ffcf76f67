//! The secrets that stand in git's configuration: logins in URLs, headers that carry one, and tokens of other programs.

use gix::bstr::ByteSlice;
use hyper::header::HeaderName;

use crate::secrets::KnownSecrets;

use super::{Config, ConfigFiles};

/// Words in the names of headers that carry a credential.
const WORDS: &[&str] = &["auth", "token", "cookie", "secret", "key", "pass", "cred"];
/// How the names of keys end whose values are secrets, for whatever program: `github.token`, `sendemail.smtpPass`.
const ENDINGS: &[&str] = &[
    "token", "secret", "password", "passwd", "smtppass", "apikey",
];
/// The shortest value of such a key that counts, in bytes.
const MIN_VALUE: usize = 8;
/// From this length on one word of letters and digits is taken for a secret, whatever the header is called, in bytes.
const MIN_SECRET: usize = 16;

impl Config {
    /// Makes known what the user's configuration has of logins, for whatever place or program they are, and the logins in
    /// the URLs of the repository's remotes.
    pub fn tell_secrets(&self, known: &KnownSecrets) {
        for entry in self.trusted.all() {
            let value = entry.value().to_str_lossy();
            match (entry.section.as_str(), entry.name.as_str()) {
                ("http", "extraheader") => {
                    if let Some((name, value)) = value.split_once(':')
                        && let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes())
                    {
                        tell_header(known, &name, value);
                    }
                }
                // It may have no scheme.
                ("http" | "remote", "proxy") | ("remote", "url" | "pushurl") => {
                    known.add_url(&value);
                }
                (_, name) if is_secret(name, &value) => known.add(&value.trim().into()),
                _ => tell_url(known, &value),
            }
            // Such as `url.<base>.insteadOf`, and `lfs.<url>.access`.
            if let Some(place) = &entry.subsection {
                tell_url(known, &place.to_str_lossy());
            }
        }
        for part in ["remote", "lfs"] {
            for part in self.local.sections_by_name(part).into_iter().flatten() {
                let urls = ["url", "pushurl", "lfsurl", "lfspushurl"].into_iter();
                for url in urls.flat_map(|name| part.values(name)) {
                    known.add_url(&url.to_str_lossy());
                }
            }
        }
    }
}

impl ConfigFiles {
    /// Makes known what the user's configuration has of logins, where no repository can be used. One that cannot be read
    /// says nothing.
    pub fn tell_secrets(&self, known: &KnownSecrets) {
        match Config::outside(self) {
            Ok(config) => config.tell_secrets(known),
            Err(error) => tracing::debug!(%error, "the user's git configuration cannot be read"),
        }
    }
}

/// Makes the login of a URL known, where a text is one.
fn tell_url(known: &KnownSecrets, text: &str) {
    if text.contains("://") {
        known.add_url(text);
    }
}

/// Says whether a key's value is a secret by the key's name.
fn is_secret(name: &str, value: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && value.trim().len() >= MIN_VALUE
}

/// Makes the value of a header known, where it carries a credential: by its name, or by its looks.
pub(in crate::git) fn tell_header(known: &KnownSecrets, name: &HeaderName, value: &str) {
    let name = name.as_str();
    if WORDS.iter().any(|word| name.contains(word)) || value.split_whitespace().any(is_like_one) {
        known.add_authorization(value);
    }
}

/// Says whether a word is as random as a token: nobody who writes about something else has it in a text.
fn is_like_one(word: &str) -> bool {
    let has = |kind: fn(&char) -> bool| word.chars().any(|character| kind(&character));
    word.len() >= MIN_SECRET && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_program_is_a_secret_by_its_name() {
        assert!(is_secret("oauthtoken", "plain-words"));
        assert!(is_secret("smtppass", "plain-words"));
        for name in ["askpass", "user", "sslcertpasswordprotected"] {
            assert!(!is_secret(name, "plain-words"), "{name}");
        }
        assert!(!is_secret("token", "short"));
    }

    #[test]
    fn a_header_is_a_secret_by_its_name_or_its_looks() {
        let hides = |name: &'static str, value: &str| {
            let known = KnownSecrets::default();
            tell_header(&known, &HeaderName::from_static(name), value);
            known.count() > 0
        };
        assert!(hides("private-token", "plain-words"));
        assert!(hides("x-passphrase", "plain-words"));
        assert!(hides("x-gate", "Gate plain-words-0123456789"));
        assert!(hides("x-gate", "plainwords0123456789"));
        assert!(!hides("x-team", "platform-engineering"));
        assert!(!hides("accept-language", "de, en;q=0.9"));
        assert!(!hides("x-flag", "true"));
    }
}
