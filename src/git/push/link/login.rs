//! Which login goes with a request, and who is told whether it worked.

use std::thread;
use std::thread::JoinHandle;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use tracing::debug;

use crate::git::credentials::Helpers;
use crate::git::credentials::Login;
use crate::git::push::error::PushError;
use crate::names::RemoteUrl;

use super::PushOptions;

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The caller or the URL gave it; nobody is told.
    Given,
    /// A helper, which wants to hear whether it worked.
    Helper,
    /// A helper, which has heard that it works.
    Kept,
}

/// The login of one conversation, which is with one origin.
#[derive(Debug)]
pub(super) struct Logins<'a> {
    current: Option<(Login, Source)>,
    asked: bool,
    helpers: &'a Helpers,
    url: Option<Url>,
    user: Option<&'a str>,
    headers: &'a [(HeaderName, HeaderValue)],
    /// Tells the helpers that their login works, beside the conversation.
    telling: Option<JoinHandle<()>>,
}

impl<'a> Logins<'a> {
    /// Begins with what is known: the login in the URL, else the helpers', else the caller's.
    ///
    /// The helpers are asked before the first request and not after a refusal, because a push that
    /// needs no login is rare, and a refusal costs a round trip. One that fails then is asked again
    /// when the server insists, and then its error counts.
    pub(super) fn new(url: &'a RemoteUrl, options: &'a PushOptions) -> Self {
        let in_url = url.password().map(|password| Login {
            user: url.user().unwrap_or_default().to_owned(),
            password: password.clone(),
        });
        let mut logins = Self {
            current: in_url.map(|login| (login, Source::Given)),
            asked: false,
            helpers: &options.helpers,
            url: url.http_url(),
            user: url.user(),
            headers: &options.extra_headers,
            telling: None,
        };
        if logins.current.is_none() {
            logins.current = logins.kept().map(|login| (login, Source::Helper));
            logins.asked = logins.current.is_some();
        }
        if logins.current.is_none() {
            logins.current = options.login.clone().map(|login| (login, Source::Given));
        }
        logins
    }

    /// Returns what the helpers keep.
    fn kept(&self) -> Option<Login> {
        let url = self.url.as_ref().filter(|_| self.helpers.is_configured())?;
        match self.helpers.get(url, self.user) {
            Ok(login) => login,
            Err(error) => {
                debug!(%error, "a helper did not answer");
                None
            }
        }
    }

    /// Returns the host, for messages.
    pub(super) fn host(&self) -> String {
        let host = self.url.as_ref().and_then(|url| url.host_str());
        host.unwrap_or_default().to_owned()
    }

    /// Says whether requests carry a login already.
    pub(super) fn is_known(&self) -> bool {
        self.current.is_some() || self.headers.iter().any(|(name, _)| name == AUTHORIZATION)
    }

    /// Adds the configured headers and the login to a request. The client follows no redirect, so it goes to this origin only.
    pub(super) fn attach(&self, request: RequestBuilder) -> RequestBuilder {
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name.clone(), value.clone())
        });
        let has_own = self.headers.iter().any(|(name, _)| name == AUTHORIZATION);
        match &self.current {
            Some((login, _)) if !has_own => {
                request.basic_auth(&login.user, Some(login.password.expose_secret()))
            }
            _ => request,
        }
    }

    /// The server let us in: the helper may keep the login.
    pub(super) fn accepted(&mut self) {
        if let (Some((login, Source::Helper)), Some(url)) = (&self.current, &self.url) {
            let (helpers, url, login) = (self.helpers.clone(), url.clone(), login.clone());
            self.telling = Some(thread::spawn(move || {
                if let Err(error) = helpers.store(&url, &login) {
                    debug!(%error, "a helper did not keep the login");
                }
            }));
            if let Some((_, source)) = &mut self.current {
                *source = Source::Kept;
            }
        }
    }

    /// The server wants a login, or another: asks the helpers, once.
    pub(super) fn refused(&mut self) -> Result<(), PushError> {
        let Some(url) = &self.url else {
            return Err(self.error());
        };
        if let Some((login, Source::Helper | Source::Kept)) = &self.current
            && let Err(error) = self.helpers.erase(url, login)
        {
            debug!(%error, "a helper did not forget the login");
        }
        if self.asked {
            return Err(self.error());
        }
        self.asked = true;
        let found = self.helpers.get(url, self.user);
        match found.map_err(PushError::Credential)? {
            Some(login) => {
                self.current = Some((login, Source::Helper));
                Ok(())
            }
            None => Err(self.error()),
        }
    }

    /// Returns the error of a conversation that ends here.
    pub(super) fn error(&self) -> PushError {
        let host = self.host();
        if self.current.is_some() {
            PushError::LoginRefused { host }
        } else {
            PushError::NoLogin { host }
        }
    }
}

impl Drop for Logins<'_> {
    fn drop(&mut self) {
        // A helper that has begun to keep a login is not cut off; it has a deadline of its own.
        if let Some(telling) = self.telling.take() {
            drop(telling.join());
        }
    }
}
