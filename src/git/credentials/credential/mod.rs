//! `Credential`: the attributes of one login, as git's credential helpers read and write them.

mod protocol;

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::Login;

pub(in crate::git::credentials) use self::protocol::Malformed;

/// The operation that a helper is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git::credentials) enum Verb {
    /// For a login.
    Get,
    /// That a login works.
    Store,
    /// That a login was refused.
    Erase,
}

impl Verb {
    /// Returns the last argument of the helper's command line.
    pub(in crate::git::credentials) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Store => "store",
            Self::Erase => "erase",
        }
    }
}

/// Something that both sides have to understand, and whether the helper said that it does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Capability {
    answered: bool,
}

/// The attributes of one login. Shows no secret.
#[derive(Clone, Default)]
pub struct Credential {
    protocol: String,
    host: String,
    path: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
    authtype: Option<String>,
    /// What belongs to `authtype`: the attribute `credential`.
    encoded: Option<SecretString>,
    oauth_refresh_token: Option<SecretString>,
    expiry: Option<i64>,
    ephemeral: bool,
    multistage: bool,
    quit: bool,
    /// What the server offered, header by header.
    offered: Vec<String>,
    /// What a helper asks to get the next time, and what it wrote last.
    state: Vec<String>,
    new_state: Vec<String>,
    knows_authtype: Capability,
    knows_state: Capability,
    /// The helper that completed it, as it is configured.
    pub(in crate::git::credentials) helper: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("host", &self.host)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// Begins a question: the host as it is written with its port, and the path where helpers get to see it.
    pub(in crate::git::credentials) fn about(
        url: &url::Url,
        host: &str,
        path: Option<String>,
        username: Option<&str>,
        offered: &[String],
    ) -> Self {
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Self {
            protocol: url.scheme().to_owned(),
            host: format!("{host}{port}"),
            path,
            username: username.filter(|name| !name.is_empty()).map(str::to_owned),
            offered: offered.to_vec(),
            ..Self::default()
        }
    }

    /// Begins the question for the password of a client certificate, which has no user and no host.
    pub(in crate::git::credentials) fn about_certificate(path: &str) -> Self {
        Self {
            protocol: "cert".to_owned(),
            path: Some(path.to_owned()),
            username: Some(String::new()),
            ..Self::default()
        }
    }

    /// Returns the password, where it has one.
    pub(in crate::git::credentials) const fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Makes one of a login that was typed, for helpers to keep.
    #[must_use]
    pub(in crate::git::credentials) fn with_login(mut self, login: &Login) -> Self {
        self.username = Some(login.user.clone());
        self.password = Some(login.password.clone());
        self
    }

    /// Says whether it can be sent.
    pub(in crate::git::credentials) fn is_complete(&self) -> bool {
        (self.username.is_some() && self.password.is_some()) || self.encoded.is_some()
    }

    /// Says whether a helper wrote that no other source is to be asked.
    pub(in crate::git::credentials) const fn is_quit(&self) -> bool {
        self.quit
    }

    /// Says whether a refusal is only the next step of a longer talk.
    pub const fn is_multistage(&self) -> bool {
        self.multistage
    }

    /// Returns the user name, as far as it is known.
    pub(in crate::git::credentials) fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Returns what goes into the header as it is: a scheme and what belongs to it.
    pub fn ready(&self) -> Option<(&str, &SecretString)> {
        Some((self.authtype.as_deref()?, self.encoded.as_ref()?))
    }

    /// Returns the user name and the password.
    pub fn login(&self) -> Option<Login> {
        Some(Login {
            user: self.username.clone()?,
            password: self.password.clone()?,
        })
    }

    /// Returns every secret in it.
    pub(in crate::git::credentials) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        [&self.password, &self.encoded, &self.oauth_refresh_token]
            .into_iter()
            .flatten()
    }

    /// Removes a password that has expired, and empty attributes: another helper may have a better one.
    pub(in crate::git::credentials) fn drop_what_is_useless(&mut self, now: Timestamp) {
        if self.is_expired(now) {
            self.password = None;
            self.encoded = None;
            self.expiry = None;
        }
        let has_text = |secret: &SecretString| !secret.expose_secret().is_empty();
        self.password = self.password.take().filter(has_text);
        self.encoded = self.encoded.take().filter(has_text);
    }

    /// Forgets every secret: nothing of a bad answer is used.
    pub(in crate::git::credentials) fn forget_secrets(&mut self) {
        self.password = None;
        self.encoded = None;
        self.oauth_refresh_token = None;
    }

    /// Says whether its time has passed.
    pub(in crate::git::credentials) fn is_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|until| until < now.as_second())
    }

    /// Begins the next step of a longer talk: the secrets go, what the helper said last comes back to it.
    pub(in crate::git::credentials) fn next_stage(&mut self, offered: &[String]) {
        self.password = None;
        self.encoded = None;
        self.multistage = false;
        self.offered = offered.to_vec();
        self.next_state();
    }

    /// Makes what the helper wrote last what it gets next.
    pub(in crate::git::credentials) fn next_state(&mut self) {
        self.state = std::mem::take(&mut self.new_state);
    }

    /// Sets what the server offered when it said what is told now.
    pub(in crate::git::credentials) fn set_offered(&mut self, offered: &[String]) {
        self.offered = offered.to_vec();
    }
}
