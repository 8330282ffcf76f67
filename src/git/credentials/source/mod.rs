//! `Sources`: the logins for one place, one after the other, each with the name of where it comes from.

mod feedback;

use secrecy::{ExposeSecret, SecretString};
use tracing::debug;
use url::Url;

use crate::secrets::find;

use super::{Asking, CredentialError, Found, Helpers, Login, LoginSource, Netrc};

/// Which source is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Url,
    Variable,
    Helper,
    Netrc,
    UserAlone,
    Asking,
    End,
}

/// The logins for one place, in the order in which they are tried.
#[derive(Debug, Clone)]
pub struct Sources {
    url: Url,
    user: Option<String>,
    in_url: Option<Login>,
    given: Option<(Login, LoginSource)>,
    helpers: Helpers,
    netrc: Option<Netrc>,
    asking: Asking,
    next: Next,
}

impl Sources {
    /// Begins with the login in a URL, if there is one: `password` may be absent.
    pub fn new(url: Url, user: Option<&str>, password: Option<&SecretString>) -> Self {
        let user = user.filter(|user| !user.is_empty());
        let in_url = password.filter(|password| !password.expose_secret().is_empty());
        let in_url = in_url.map(|password| Login {
            user: user.unwrap_or_default().to_owned(),
            password: password.clone(),
        });
        // A token in place of the user is a login of its own, no name to ask a helper with.
        let token = user.filter(|user| in_url.is_none() && !find(user.as_bytes()).is_empty());
        let in_url = in_url.or_else(|| token.map(alone));
        Self {
            url,
            user: user.filter(|_| token.is_none()).map(str::to_owned),
            in_url,
            given: None,
            helpers: Helpers::default(),
            netrc: None,
            asking: Asking::default(),
            next: Next::Url,
        }
    }

    /// Adds a login that is known, after that of the URL.
    #[must_use]
    pub fn given(mut self, login: Option<(Login, LoginSource)>) -> Self {
        self.given = login;
        self
    }

    /// Adds the credential helpers.
    #[must_use]
    pub fn helpers(mut self, helpers: Helpers) -> Self {
        self.helpers = helpers;
        self
    }

    /// Adds a file of logins by host.
    #[must_use]
    pub fn netrc(mut self, netrc: Option<Netrc>) -> Self {
        self.netrc = netrc;
        self
    }

    /// Adds the source that is asked last.
    #[must_use]
    pub fn asking(mut self, asking: Asking) -> Self {
        self.asking = asking;
        self
    }

    /// Goes on at another path of the same origin. Says whether helpers see paths; they are asked anew then.
    pub fn move_to(&mut self, url: &Url) -> bool {
        self.url = url.clone();
        let are_asked_anew = self.helpers.see_paths();
        if are_asked_anew {
            self.next = self.next.min(Next::Helper);
        }
        are_asked_anew
    }

    /// Returns where it is asked for.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the next login that is known without asking anybody.
    pub fn known(&mut self) -> Option<Found> {
        loop {
            let found = match self.next {
                Next::Url => self
                    .in_url
                    .take()
                    .map(|login| Found::given(login, LoginSource::Url)),
                Next::Variable => self
                    .given
                    .take()
                    .map(|(login, source)| Found::given(login, source)),
                _ => return None,
            };
            self.step();
            if found.is_some() {
                return found;
            }
        }
    }

    /// Says whether a source may have a login that was not asked yet. Asks none.
    pub fn may_know(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let netrc = self.netrc.as_ref();
        self.in_url.is_some()
            || self.given.is_some()
            || self.helpers.is_configured()
            || netrc.is_some_and(|netrc| netrc.login(host, self.user.as_deref()).is_some())
    }

    /// Returns the login of a variable, where the URL has none of its own: it is for this host and no other.
    pub fn of_variable(&mut self) -> Option<Found> {
        if self.in_url.is_some() {
            return None;
        }
        self.known()
    }

    /// Returns the next login that a source keeps; `None` when there is no other. No person is asked.
    pub fn kept(&mut self) -> Result<Option<Found>, CredentialError> {
        self.next_until(Next::UserAlone, &[])
    }

    /// Makes known what helpers and the file of logins keep for this place, whether or not it is sent there.
    pub fn learn(&self) {
        let user = self.user.as_deref();
        if self.helpers.is_configured()
            && let Err(error) = self.helpers.learn(&self.url, user)
        {
            debug!(%error, "a helper did not answer");
        }
        if let Some(netrc) = &self.netrc {
            netrc.tell_secrets(self.helpers.known());
        }
    }

    /// Returns the next login; `None` when there is no other. `offered` is what the server offers, a
    /// `WWW-Authenticate` header each. The error of a helper is returned when no other source has a login.
    pub fn next(&mut self, offered: &[String]) -> Result<Option<Found>, CredentialError> {
        self.next_until(Next::End, offered)
    }

    fn next_until(
        &mut self,
        end: Next,
        offered: &[String],
    ) -> Result<Option<Found>, CredentialError> {
        if let Some(found) = self.known() {
            return Ok(Some(found));
        }
        let mut failure = None;
        while self.next < end {
            let asked = self.ask(offered);
            self.step();
            match asked {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(error @ CredentialError::Quit { .. }) => {
                    // For git, libcurl has looked there before the first helper is asked.
                    self.next = Next::Netrc;
                    let kept = self.ask(offered);
                    self.next = Next::End;
                    return kept.and_then(|found| found.map(Some).ok_or(error));
                }
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    fn ask(&self, offered: &[String]) -> Result<Option<Found>, CredentialError> {
        let user = self.user.as_deref();
        Ok(match self.next {
            Next::Helper if self.helpers.is_configured() => {
                let credential = self.helpers.get(&self.url, user, offered)?;
                credential.map(Found::of_helper)
            }
            Next::Netrc => self.netrc.as_ref().and_then(|netrc| {
                netrc.tell_secrets(self.helpers.known());
                let login = netrc.login(self.url.host_str()?, user)?;
                let path = netrc.path().display().to_string();
                Some(Found::given(login, LoginSource::Netrc(path)))
            }),
            // libcurl sends it so for git.
            Next::UserAlone => user.map(|user| Found::given(alone(user), LoginSource::Url)),
            Next::Asking => {
                let (url, user) = self.asked();
                let said = self.asking.login(&url, user.as_deref());
                said.map(|(login, source)| {
                    self.helpers
                        .known()
                        .add_login(Some(&login.user), Some(&login.password));
                    Found::given(login, source)
                })
            }
            _ => None,
        })
    }

    /// Returns what a person is asked for: a URL, with its path where helpers see it, and the user where one is known.
    fn asked(&self) -> (Url, Option<String>) {
        let mut url = self.url.clone();
        if !self.helpers.see_paths() {
            url.set_path("");
        }
        let named = || self.helpers.user(&self.url);
        (url, self.user.clone().or_else(named))
    }

    const fn step(&mut self) {
        self.next = match self.next {
            Next::Url => Next::Variable,
            Next::Variable => Next::Helper,
            Next::Helper => Next::Netrc,
            Next::Netrc => Next::UserAlone,
            Next::UserAlone => Next::Asking,
            Next::Asking | Next::End => Next::End,
        };
    }
}

/// A token in place of the user name.
fn alone(user: &str) -> Login {
    Login {
        user: user.to_owned(),
        password: SecretString::default(),
    }
}
