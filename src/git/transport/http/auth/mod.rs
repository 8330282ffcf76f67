//! Which login a request carries, under which scheme, and which helpers are told whether it worked.

mod refusal;

use std::thread;
use std::thread::JoinHandle;

use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tracing::debug;
use url::Url;

use crate::git::credentials::{Found, LoginSource, Sources};
use crate::git::transport::auth_cache::{AuthCache, AuthNeed};
use crate::git::transport::{ProactiveLogin, PushOptions};
use crate::names::RemoteUrl;
use crate::net::Request;

use super::current_login::{Current, Scheme};

/// The login of one conversation, which is with one origin.
#[derive(Debug)]
pub(super) struct HttpAuth<'a> {
    sources: Option<Sources>,
    current: Option<Current>,
    /// Where the logins came from that the server refused.
    refused: Vec<LoginSource>,
    /// What it said of the last of them.
    said: String,
    stale: u32,
    /// The server wanted a login in this conversation.
    required: bool,
    /// And it let us in with this one.
    verified: bool,
    headers: &'a [(HeaderName, HeaderValue)],
    /// The variables that would have been asked first.
    variables: &'a [&'static str],
    cache: &'a AuthCache,
    proactive: ProactiveLogin,
    /// Tells the helpers that their login works, beside the conversation.
    storing: Option<JoinHandle<()>>,
}

impl<'a> HttpAuth<'a> {
    /// Begins with what is known.
    ///
    /// Where the remote required a login before, the first one is sent with the first request, because a refusal
    /// costs a round trip. So is the token of a variable, which is for this one host, where the remote is new.
    /// Elsewhere a login is looked for when the server requires one and says how, as git does: asking helpers takes a
    /// while, and a password is not sent to a server that does not require it.
    pub(super) fn new(url: &'a RemoteUrl, options: &'a PushOptions) -> Self {
        let sources = options.sources(url);
        let mut auth = Self {
            sources,
            current: None,
            refused: Vec::new(),
            said: String::new(),
            stale: 0,
            required: false,
            verified: false,
            headers: &options.extra_headers,
            variables: &options.token_variables,
            cache: &options.auth_cache,
            proactive: options.proactive_login,
            storing: None,
        };
        // A header that the user configured replaces any login, so none is asked for.
        if !auth.has_own()
            && let Some(found) = auth.first()
        {
            auth.current = Some(Current {
                scheme: match found.login {
                    Some(_) => Scheme::Basic,
                    None => Scheme::Ready,
                },
                found,
                kept: false,
            });
        }
        auth
    }

    /// Returns the login that is sent with the first request.
    fn first(&mut self) -> Option<Found> {
        let sources = self.sources.as_mut()?;
        let need = match self.proactive {
            ProactiveLogin::Yes => Some(AuthNeed::Required),
            ProactiveLogin::No => self.cache.last(),
        };
        match need {
            None => sources.of_variable(),
            Some(AuthNeed::NotRequired) => None,
            Some(AuthNeed::Required) => {
                let before = sources.clone();
                match sources.kept() {
                    Ok(found) => found,
                    Err(error) => {
                        // It is asked again when the server insists, and then its error counts.
                        debug!(%error, "a helper did not answer");
                        *sources = before;
                        None
                    }
                }
            }
        }
    }

    /// Returns the host, for messages.
    pub(super) fn host(&self) -> String {
        let host = self
            .sources
            .as_ref()
            .and_then(|sources| sources.url().host_str());
        host.unwrap_or_default().to_owned()
    }

    /// Says whether requests carry a login already.
    pub(super) fn is_known(&self) -> bool {
        self.current.is_some() || self.has_own()
    }

    /// Says whether requests carry a login that could be exchanged for another.
    pub(super) const fn is_sent(&self) -> bool {
        self.current.is_some()
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

    /// Adds the configured headers and the login to a request. The client follows no redirect, so they are sent to
    /// this origin only.
    pub(super) fn attach(&self, request: Request, method: &str, url: &Url) -> Request {
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name.clone(), value.clone())
        });
        let Some(current) = self.current.as_ref().filter(|_| !self.has_own()) else {
            return request;
        };
        current.attach(request, method, url)
    }

    /// Goes on at another repository of the origin. A login that helpers keep for the path before stays behind.
    pub(super) fn moved(&mut self, to: &Url) {
        let Some(sources) = &mut self.sources else {
            return;
        };
        let has_helpers_login = |current: &Current| current.found.credential.is_some();
        if sources.move_to(to) && self.current.as_ref().is_some_and(has_helpers_login) {
            self.current = None;
            self.verified = false;
        }
    }

    /// The server let us in: the helper may keep the login.
    pub(super) fn accepted(&mut self) {
        self.verified = self.required;
        let Some(current) = self.current.as_mut().filter(|current| !current.kept) else {
            return;
        };
        current.kept = true;
        if let Some(sources) = &self.sources
            && sources.wants_to_hear(&current.found)
        {
            let (sources, found) = (sources.clone(), current.found.clone());
            let tell = move || {
                if let Err(error) = sources.approve(&found) {
                    debug!(%error, "a helper did not keep the login");
                }
            };
            self.storing = thread::Builder::new().spawn(tell).ok();
        }
    }

    /// The server accepted a push without a login: it will not require one next time.
    pub(super) fn push_accepted(&self) {
        if !self.is_known() {
            self.cache.record(AuthNeed::NotRequired);
        }
    }

    /// Waits for the helpers that are being called. They are not killed; each has a deadline of its own.
    fn wait_for_store(&mut self) {
        if let Some(storing) = self.storing.take() {
            drop(storing.join());
        }
    }
}

impl Drop for HttpAuth<'_> {
    fn drop(&mut self) {
        self.wait_for_store();
    }
}
