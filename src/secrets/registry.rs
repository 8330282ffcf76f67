//! `KnownSecrets`: the secrets that the process holds and must not show.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use sendoff_push::sanitize::is_invisible;

use crate::byte_text;

use super::base::decode_base64;
use super::known::{HeldSecret, redact_known};
use super::redact::redact;

/// Says whether a character does not show, and lays out nothing.
pub(super) fn is_unseen(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\r' | '\t')) || is_invisible(character)
}

/// The shortest user name that counts as a token, in bytes.
const MIN_TOKEN_LENGTH: usize = 16;

/// The secrets that the process holds: tokens from the environment, logins in URLs, answers of
/// credential helpers, headers from the git configuration. Clones share them.
///
/// Code that learns a secret adds it here; code that shows text (the report, the log) hides them all.
#[derive(Clone, Default)]
pub struct KnownSecrets(Arc<Mutex<Vec<HeldSecret>>>);

impl KnownSecrets {
    /// Adds a value that must not be shown.
    pub fn add(&self, secret: &SecretString) {
        let mut held = self.lock();
        if !secret.expose_secret().is_empty() && !held.iter().any(|known| known.is(secret)) {
            held.push(HeldSecret::new(secret));
        }
        // Where it holds bytes that are no UTF-8, texts show it otherwise.
        let shown = SecretString::from(byte_text::shown(secret.expose_secret()));
        if !held.iter().any(|known| known.is(&shown)) && !shown.expose_secret().is_empty() {
            held.push(HeldSecret::new(&shown));
        }
    }

    /// Adds a login. The user name counts as a token when it is as long as one.
    pub fn add_login(&self, user: Option<&str>, password: Option<&SecretString>) {
        if let Some(password) = password {
            self.add(password);
            // A server that echoes the header shows both, joined and in base64.
            let pair = format!("{}:{}", user.unwrap_or_default(), password.expose_secret());
            self.add(&pair.into());
        }
        if let Some(user) = user.filter(|user| user.len() >= MIN_TOKEN_LENGTH) {
            self.add(&user.into());
        }
    }

    /// Adds the login in a URL of whatever scheme, as it is written and decoded.
    pub fn add_url(&self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let Some((login, _)) = authority.rsplit_once('@') else {
            return;
        };
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let secret = |text: String| SecretString::from(text);
        self.add_login(Some(user), password.map(|it| secret(it.into())).as_ref());
        let password = password.map(decoded).map(secret);
        self.add_login(Some(&decoded(user)), password.as_ref());
    }

    /// Adds the credential of an `Authorization` header; for `Basic` also the login in it.
    pub fn add_authorization(&self, value: &str) {
        let value = value.trim();
        let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
        let credential = credential.trim();
        self.add(&credential.into());
        if scheme.is_empty() || scheme.ends_with(';') {
            // Cookies: each of them, and its value.
            for cookie in value.split("; ") {
                self.add(&cookie.into());
                if let Some((_, held)) = cookie.split_once('=') {
                    self.add(&held.into());
                }
            }
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return;
        }
        let plain =
            decode_base64(credential.as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((user, password)) = plain.as_deref().and_then(|plain| plain.split_once(':')) {
            self.add_login(Some(user), Some(&password.into()));
        }
    }

    /// Returns `text` with these secrets replaced, and everything else that looks like one.
    ///
    /// Where characters that do not show stand within one, the text comes back without such characters: whoever reads it, or
    /// takes them out, would have the secret.
    pub fn hide<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let hidden = self.hide_as_it_is(text);
        let is_plain = |byte: u8| byte == b' ' || byte == b'\n' || byte.is_ascii_graphic();
        if hidden.bytes().all(is_plain) || !hidden.chars().any(is_unseen) {
            return hidden;
        }
        let seen: String = hidden.chars().filter(|c| !is_unseen(*c)).collect();
        match self.hide_as_it_is(&seen) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => hidden,
        }
    }

    fn hide_as_it_is<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let hidden = redact_known(text, &self.lock());
        match redact(&hidden) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => hidden,
        }
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<HeldSecret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({})", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basic_header_is_known_encoded_and_decoded() {
        let known = KnownSecrets::default();
        known.add_authorization("basic bWU6aHVudGVyMmh1bnRlcg==");
        let text = "got bWU6aHVudGVyMmh1bnRlcg== which is me:hunter2hunter";
        let hidden = known.hide(text);
        assert!(!hidden.contains("hunter"), "{hidden}");
        assert!(!hidden.contains("aHVudGVy"), "{hidden}");
    }

    #[test]
    fn the_login_in_a_url_is_known_as_written_and_decoded() {
        for url in [
            "http://me:plain%2Bwords@proxy.test:3128",
            "me:plain%2Bwords@proxy.test/x@y",
            "socks5h://me:plain%2Bwords@[::1]?a@b",
        ] {
            let known = KnownSecrets::default();
            known.add_url(url);
            assert_eq!(
                known.hide("it was plain+words"),
                "it was [REDACTED]",
                "{url}"
            );
            assert_eq!(known.hide("it was plain%2Bwords"), "it was [REDACTED]");
        }
        let known = KnownSecrets::default();
        for url in ["http://proxy.test/a:b@c", "git@host:path", "", "@", "://"] {
            known.add_url(url);
        }
        assert_eq!(known.count(), 0);
    }

    #[test]
    fn each_cookie_is_known() {
        let known = KnownSecrets::default();
        known.add_authorization("a=plain-words; b=other-words");
        assert_eq!(known.hide("a=plain-words"), "[REDACTED]");
        assert_eq!(known.hide("b=other-words"), "[REDACTED]");
        assert_eq!(known.hide("it was other-words"), "it was [REDACTED]");
        let known = KnownSecrets::default();
        known.add_authorization("a=plain-words");
        assert_eq!(known.hide("it was plain-words"), "it was [REDACTED]");
    }

    #[test]
    fn a_bearer_header_is_known() {
        let known = KnownSecrets::default();
        known.add_authorization("Bearer plain-words-here");
        assert_eq!(known.hide("it was plain-words-here"), "it was [REDACTED]");
    }

    /// Guards what is cleaned after its secrets were hidden: without the character the secret would be whole again.
    #[test]
    fn characters_that_do_not_show_hide_no_secret() {
        let known = KnownSecrets::default();
        known.add(&"plain-words-here".into());
        let token = format!("ghp_{}", "a1B2".repeat(9));
        for between in [
            "\u{200b}",
            "\u{ad}",
            "\u{1}",
            "\u{1b}",
            "\u{202e}",
            "\u{200d}",
            "\u{2060}\u{feff}",
        ] {
            for secret in ["plain-words-here", &token] {
                let parts: Vec<String> = secret.chars().map(String::from).collect();
                let text = format!("it was {} once", parts.join(between));
                assert_eq!(known.hide(&text), "it was [REDACTED] once", "{between:?}");
            }
            // What holds none stays as it is.
            let honest = format!("an{between}other\ntext");
            assert_eq!(known.hide(&honest), honest);
        }
    }

    #[test]
    fn a_user_name_is_a_secret_only_where_it_is_as_long_as_a_token() {
        let known = KnownSecrets::default();
        known.add_login(Some("alice"), None);
        known.add_login(Some("oauth-plainplainplain"), None);
        let hidden = known.hide("alice had oauth-plainplainplain");
        assert_eq!(hidden, "alice had [REDACTED]");
    }
}
