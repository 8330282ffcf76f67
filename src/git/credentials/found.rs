//! `Found`: a login, and where it comes from.

use secrecy::{ExposeSecret, SecretString};

use super::{Credential, Login, LoginSource, helper};

/// A login, and where it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The user name and the password; `None` where a helper says itself what is sent.
    pub login: Option<Login>,
    /// Where it comes from.
    pub source: LoginSource,
    /// What the helper said, where it comes from one.
    pub credential: Option<Credential>,
}

impl Found {
    pub(super) fn given(login: Login, source: LoginSource) -> Self {
        Self {
            login: Some(login),
            source,
            credential: None,
        }
    }

    pub(super) fn of_helper(credential: Credential) -> Self {
        Self {
            login: credential.login().filter(|_| credential.ready().is_none()),
            source: LoginSource::Helper(helper::name(&credential.helper)),
            credential: Some(credential),
        }
    }

    /// Returns what an API takes as a token: the password, or what a helper says to send.
    pub fn token(&self) -> Option<SecretString> {
        let ready = self.credential.as_ref().and_then(Credential::ready);
        match (ready, &self.login) {
            (Some((_, secret)), _) => Some(secret.clone()),
            (None, Some(login)) if login.password.expose_secret().is_empty() => {
                Some(SecretString::from(login.user.as_str()))
            }
            (None, Some(login)) => Some(login.password.clone()),
            (None, None) => None,
        }
    }
}
