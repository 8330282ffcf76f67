//! The login of a connection: where it comes from, and which helpers are told whether it worked.

use std::thread;
use std::thread::JoinHandle;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use tracing::debug;

use crate::git::credentials::{Helpers, Login};
use crate::git::transport::auth_cache::{AuthCache, AuthNeed};
use crate::git::transport::{PushOptions, TransportError};
use crate::names::RemoteUrl;

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoginSource {
    /// The caller or the URL gave it; no helper is told.
    Given,
    /// A helper, which is to be told whether it worked.
    Helper,
    /// A helper, which was told that it works.
    HelperTold,
}

/// The login of one connection, which is to one origin.
#[derive(Debug)]
pub(super) struct HttpAuth<'a> {
    current: Option<(Login, LoginSource)>,
    asked: bool,
    /// The server required a login on this connection.
    required: bool,
    /// And it accepted this one.
    verified: bool,
    helpers: &'a Helpers,
    url: Option<Url>,
    user: Option<&'a str>,
    headers: &'a [(HeaderName, HeaderValue)],
    /// The caller's login, for when no helper has one.
    fallback: Option<Login>,
    cache: &'a AuthCache,
    /// The thread that tells the helpers that their login works.
    storing: Option<JoinHandle<()>>,
}

impl<'a> HttpAuth<'a> {
    /// Starts with the login in the URL, else the helpers', else the caller's.
    ///
    /// The helpers are asked before the first request where the remote required a login before, because
    /// a refusal costs a round trip. One that fails then is asked again when the server insists, and
    /// then its error counts. Elsewhere they are asked when the server does, as git does it: it takes
    /// a while to ask them, and a login is not sent to a server that does not ask for it.
    pub(super) fn new(url: &'a RemoteUrl, options: &'a PushOptions) -> Self {
        let in_url = url.password().map(|password| Login {
            user: url.user().unwrap_or_default().to_owned(),
            password: password.clone(),
        });
        let mut auth = Self {
            current: in_url.map(|login| (login, LoginSource::Given)),
            asked: false,
            required: false,
            verified: false,
            helpers: &options.helpers,
            url: url.http_url(),
            user: url.user(),
            headers: &options.extra_headers,
            fallback: None,
            cache: &options.auth_cache,
            storing: None,
        };
        // A header of the user's own replaces any login, so no helper is asked.
        if auth.current.is_some() || auth.has_own() {
            return auth;
        }
        let is_required = auth.cache.last() == Some(AuthNeed::Required);
        if is_required && let Some(login) = auth.helper_login() {
            auth.current = Some((login, LoginSource::Helper));
            auth.asked = true;
        } else if is_required || auth.is_new_and_helpless() {
            auth.current = options
                .login
                .clone()
                .map(|login| (login, LoginSource::Given));
        } else {
            auth.fallback.clone_from(&options.login);
        }
        auth
    }

    /// Says whether the remote is new, and there is no helper to ask later.
    fn is_new_and_helpless(&self) -> bool {
        self.cache.last().is_none() && !self.helpers.is_configured()
    }

    /// Returns the helpers' login; their failure is only logged.
    fn helper_login(&self) -> Option<Login> {
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
        self.current.is_some() || self.has_own()
    }

    /// Says whether the user's headers carry a login, which is sent in place of any other.
    fn has_own(&self) -> bool {
        self.has_header(&AUTHORIZATION)
    }

    /// Says whether the user configured a header of this name.
    pub(super) fn has_header(&self, wanted: &HeaderName) -> bool {
        self.headers.iter().any(|(name, _)| name == wanted)
    }

    /// Says whether a request cannot fail for its login: the server has accepted it, or there is none.
    pub(super) fn is_verified(&self) -> bool {
        self.verified || !self.is_known()
    }

    /// Adds the configured headers and the login to a request. The client follows no redirect, so it goes to this origin only.
    pub(super) fn attach(&self, request: RequestBuilder) -> RequestBuilder {
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name.clone(), value.clone())
        });
        match &self.current {
            Some((login, _)) if !self.has_own() => {
                request.basic_auth(&login.user, Some(login.password.expose_secret()))
            }
            _ => request,
        }
    }

    /// The server accepted the login: the helpers may store it.
    pub(super) fn accepted(&mut self) {
        self.verified = self.required;
        if let (Some((login, LoginSource::Helper)), Some(url)) = (&self.current, &self.url) {
            let (helpers, url, login) = (self.helpers.clone(), url.clone(), login.clone());
            let tell = move || {
                if let Err(error) = helpers.store(&url, &login) {
                    debug!(%error, "a helper did not store the login");
                }
            };
            self.storing = thread::Builder::new().spawn(tell).ok();
            if let Some((_, source)) = &mut self.current {
                *source = LoginSource::HelperTold;
            }
        }
    }

    /// The server accepted a push: where it required no login now, it will require none next time.
    pub(super) fn push_accepted(&self) {
        if !self.is_known() {
            self.cache.record(AuthNeed::NotRequired);
        }
    }

    /// The server requires a login, or another one: asks the helpers, once.
    ///
    /// It is an error where a header of the user's own was refused: the same request would carry the same
    /// header again, and what a helper knows was never sent.
    pub(super) fn refused(&mut self) -> Result<(), TransportError> {
        self.cache.record(AuthNeed::Required);
        (self.required, self.verified) = (true, false);
        // A helper must not be told to store the login after it was told to erase it.
        self.wait_for_store();
        if self.has_own() {
            return Err(self.error());
        }
        let Some(url) = &self.url else {
            return Err(self.error());
        };
        if let Some((login, LoginSource::Helper | LoginSource::HelperTold)) = &self.current
            && let Err(error) = self.helpers.erase(url, login)
        {
            debug!(%error, "a helper did not erase the login");
        }
        if self.asked {
            return Err(self.error());
        }
        self.asked = true;
        let found = self.helpers.get(url, self.user);
        let found = found.map(|login| login.map(|login| (login, LoginSource::Helper)));
        let fallback = self
            .fallback
            .take()
            .map(|login| (login, LoginSource::Given));
        self.current = match (found, fallback) {
            (Ok(Some(login)), _) | (_, Some(login)) => Some(login),
            (Ok(None), None) => return Err(self.error()),
            (Err(error), None) => return Err(TransportError::Credential(error.into())),
        };
        Ok(())
    }

    /// Waits until the helpers were told; each has a deadline of its own.
    fn wait_for_store(&mut self) {
        if let Some(storing) = self.storing.take() {
            drop(storing.join());
        }
    }

    /// Returns the error for a refused or missing login.
    pub(super) fn error(&self) -> TransportError {
        let host = self.host();
        if self.has_own() {
            TransportError::HeaderRefused { host }
        } else if self.current.is_some() {
            TransportError::LoginRefused { host }
        } else {
            TransportError::NoLogin { host }
        }
    }
}

impl Drop for HttpAuth<'_> {
    fn drop(&mut self) {
        self.wait_for_store();
    }
}
