//! Which login goes with a request, and who is told whether it worked.

use std::thread;
use std::thread::JoinHandle;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use tracing::debug;

use crate::git::credentials::{Helpers, Login};
use crate::git::transport::auth_cache::{LoginHabit, LoginUse};
use crate::git::transport::{PushOptions, TransportError};
use crate::names::RemoteUrl;

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
    /// The server wanted a login in this conversation.
    wanted: bool,
    /// And it let us in with this one.
    proven: bool,
    helpers: &'a Helpers,
    url: Option<Url>,
    user: Option<&'a str>,
    headers: &'a [(HeaderName, HeaderValue)],
    /// The caller's login, for when no helper knows one.
    spare: Option<Login>,
    habit: &'a LoginHabit,
    /// Tells the helpers that their login works, beside the conversation.
    telling: Option<JoinHandle<()>>,
}

impl<'a> Logins<'a> {
    /// Begins with what is known: the login in the URL, else the helpers', else the caller's.
    ///
    /// The helpers are asked before the first request where the remote wanted a login before, because
    /// a refusal costs a round trip. One that fails then is asked again when the server insists, and
    /// then its error counts. Elsewhere they are asked when the server does, as git does it: it takes
    /// a while to ask them, and a login goes to nobody who does not want it.
    pub(super) fn new(url: &'a RemoteUrl, options: &'a PushOptions) -> Self {
        let in_url = url.password().map(|password| Login {
            user: url.user().unwrap_or_default().to_owned(),
            password: password.clone(),
        });
        let mut logins = Self {
            current: in_url.map(|login| (login, Source::Given)),
            asked: false,
            wanted: false,
            proven: false,
            helpers: &options.helpers,
            url: url.http_url(),
            user: url.user(),
            headers: &options.extra_headers,
            spare: None,
            habit: &options.login_habit,
            telling: None,
        };
        // A header of the user's own goes instead of any login, so nobody is asked for one.
        if logins.current.is_some() || logins.has_own() {
            return logins;
        }
        let is_wanted = logins.habit.seen() == Some(LoginUse::Wanted);
        if is_wanted && let Some(login) = logins.kept() {
            logins.current = Some((login, Source::Helper));
            logins.asked = true;
        } else if is_wanted || logins.is_new_and_helpless() {
            logins.current = options.login.clone().map(|login| (login, Source::Given));
        } else {
            logins.spare.clone_from(&options.login);
        }
        logins
    }

    /// Says whether nothing is known of the remote, and there is no helper to ask later.
    fn is_new_and_helpless(&self) -> bool {
        self.habit.seen().is_none() && !self.helpers.is_configured()
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

    /// Says whether a request cannot fail for its login: the server has looked at it, or there is none.
    pub(super) fn is_proven(&self) -> bool {
        self.proven || !self.is_known()
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

    /// The server let us in: the helper may keep the login.
    pub(super) fn accepted(&mut self) {
        self.proven = self.wanted;
        if let (Some((login, Source::Helper)), Some(url)) = (&self.current, &self.url) {
            let (helpers, url, login) = (self.helpers.clone(), url.clone(), login.clone());
            let tell = move || {
                if let Err(error) = helpers.store(&url, &login) {
                    debug!(%error, "a helper did not keep the login");
                }
            };
            self.telling = thread::Builder::new().spawn(tell).ok();
            if let Some((_, source)) = &mut self.current {
                *source = Source::Kept;
            }
        }
    }

    /// The server took a push: it will not want a login next time where it wanted none now.
    pub(super) fn taken(&self) {
        if !self.is_known() {
            self.habit.saw(LoginUse::NotWanted);
        }
    }

    /// The server wants a login, or another: asks the helpers, once.
    ///
    /// It is an error where a header of the user's own was refused: the same request would carry the same
    /// header again, and what a helper knows was never sent.
    pub(super) fn refused(&mut self) -> Result<(), TransportError> {
        self.habit.saw(LoginUse::Wanted);
        (self.wanted, self.proven) = (true, false);
        // Who is told to keep it must not hear of that after the refusal.
        self.end_telling();
        if self.has_own() {
            return Err(self.error());
        }
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
        let found = found.map(|login| login.map(|login| (login, Source::Helper)));
        let spare = self.spare.take().map(|login| (login, Source::Given));
        self.current = match (found, spare) {
            (Ok(Some(login)), _) | (_, Some(login)) => Some(login),
            (Ok(None), None) => return Err(self.error()),
            (Err(error), None) => return Err(TransportError::Credential(error.into())),
        };
        Ok(())
    }

    /// Waits for the helpers that are being told. They are not cut off; each has a deadline of its own.
    fn end_telling(&mut self) {
        if let Some(telling) = self.telling.take() {
            drop(telling.join());
        }
    }

    /// Returns the error of a conversation that ends here.
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

impl Drop for Logins<'_> {
    fn drop(&mut self) {
        self.end_telling();
    }
}
