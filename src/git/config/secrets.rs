//! The secrets that stand in git's configuration: logins in URLs, and headers that carry one.

use gix::bstr::ByteSlice;
use reqwest::header::HeaderName;

use crate::secrets::KnownSecrets;

use super::Config;

/// Words in the names of headers that carry a credential.
const WORDS: &[&str] = &["auth", "token", "cookie", "secret", "key", "pass", "cred"];
/// From this length on one word of letters and digits is taken for a secret, whatever the header is called, in bytes.
const MIN_SECRET: usize = 16;

impl Config {
    /// Makes known what the user's configuration has of logins, for whatever place they are, and the logins in the URLs of
    /// the repository's remotes.
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
                ("http" | "remote", "proxy") | ("remote", "url" | "pushurl") => {
                    known.add_url(&value);
                }
                ("url", _) => {
                    if let Some(base) = &entry.subsection {
                        known.add_url(&base.to_str_lossy());
                    }
                }
                _ => {}
            }
        }
        let remotes = self.local.sections_by_name("remote").into_iter().flatten();
        for remote in remotes {
            let urls = ["url", "pushurl"].into_iter();
            for url in urls.flat_map(|name| remote.values(name)) {
                known.add_url(&url.to_str_lossy());
            }
        }
    }
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
