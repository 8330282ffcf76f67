//! Which login goes with a request, under which scheme, and who is told whether it worked.

use std::thread;
use std::thread::JoinHandle;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use tracing::debug;

use crate::git::credentials::{Found, LoginSource, Sources};
use crate::git::transport::auth_cache::{AuthCache, AuthNeed};
use crate::git::transport::{ProactiveLogin, PushOptions, TransportError};
use crate::names::RemoteUrl;

use super::challenge::Challenges;
use super::current_login::{Current, Scheme, scheme_for};
use super::digest::Digest;

/// A server that keeps calling its own nonces old is not believed for ever.
const STALE_NONCES: u32 = 3;

/// The login of one conversation, which is with one origin.
#[derive(Debug)]
pub(super) struct HttpAuth<'a> {
    sources: Option<Sources>,
    current: Option<Current>,
    /// Where the logins came from that the server refused.
    refused: Vec<LoginSource>,
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
    /// Where the remote wanted a login before, the first one goes with the first request, because a refusal costs
    /// a round trip. So does the token of a variable, which is for this one host, where the remote is new.
    /// Elsewhere a login is looked for when the server wants one and says how, as git does it: it takes a while to ask
    /// helpers, and a password goes to nobody who does not want it.
    pub(super) fn new(url: &'a RemoteUrl, options: &'a PushOptions) -> Self {
        let sources = options.sources(url);
        let mut auth = Self {
            sources,
            current: None,
            refused: Vec::new(),
            stale: 0,
            required: false,
            verified: false,
            headers: &options.extra_headers,
            variables: &options.token_variables,
            cache: &options.auth_cache,
            proactive: options.proactive_login,
            storing: None,
        };
        // A header of the user's own goes instead of any login, so nobody is asked for one.
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

    /// Returns the login that goes with the first request.
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

    /// Says whether a request cannot fail for its login: the server has looked at it, or there is none.
    pub(super) fn is_verified(&self) -> bool {
        self.verified || !self.is_known()
    }

    /// Adds the configured headers and the login to a request. The client follows no redirect, so it goes to this origin only.
    pub(super) fn attach(
        &self,
        request: RequestBuilder,
        method: &str,
        url: &Url,
    ) -> RequestBuilder {
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name.clone(), value.clone())
        });
        let Some(current) = self.current.as_ref().filter(|_| !self.has_own()) else {
            return request;
        };
        current.attach(request, method, url)
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

    /// The server took a push: it will not want a login next time where it wanted none now.
    pub(super) fn push_accepted(&self) {
        if !self.is_known() {
            self.cache.record(AuthNeed::NotRequired);
        }
    }

    /// The server wants a login, or another one: takes the next that it can be sent under a scheme it offers.
    ///
    /// It is an error where a header of the user's own was refused: the same request would carry the same
    /// header again, and what a helper knows was never sent.
    pub(super) fn refused(&mut self, offered: &Challenges) -> Result<(), TransportError> {
        (self.required, self.verified) = (true, false);
        // Only these can go with the next first request.
        if offered.get("Basic").is_some() || offered.are_absent() {
            self.cache.record(AuthNeed::Required);
        }
        // Who is told to keep it must not hear of that after the refusal.
        self.wait_for_store();
        if self.has_own() {
            return Err(self.error(offered));
        }
        if let Some(current) = self.current.take()
            && let Some(again) = self.after_refusal(current, offered)?
        {
            self.current = Some(again);
            return Ok(());
        }
        loop {
            let next = match &mut self.sources {
                Some(sources) => sources.next(&offered.headers),
                None => Ok(None),
            };
            match next {
                Ok(Some(found)) => {
                    if let Some(scheme) = scheme_for(&found, offered) {
                        self.current = Some(Current {
                            found,
                            scheme,
                            kept: false,
                        });
                        return Ok(());
                    }
                }
                Err(error) if self.refused.is_empty() => {
                    return Err(TransportError::Credential(error.into()));
                }
                Ok(None) | Err(_) => return Err(self.error(offered)),
            }
        }
    }

    /// The server says, without a challenge, that the login is bad.
    pub(super) fn called_bad(&mut self) -> Result<(), TransportError> {
        self.refused(&Challenges::default())
    }

    /// Decides what a refusal of the current login means: that it is to be sent in another way, that a talk goes
    /// on, or that it is no good.
    fn after_refusal(
        &mut self,
        current: Current,
        offered: &Challenges,
    ) -> Result<Option<Current>, TransportError> {
        let found = current.found;
        if let Scheme::Digest(_) = current.scheme
            && let Some(digest) = Digest::of(offered).filter(Digest::is_stale)
            && self.stale < STALE_NONCES
        {
            self.stale += 1;
            return Ok(Some(Current {
                found,
                scheme: Scheme::Digest(digest),
                kept: current.kept,
            }));
        }
        let is_own = current.scheme.is_offered(&found, offered);
        // It was sent before the server said how: nothing is known of the login itself.
        if !is_own && !offered.are_absent() && !matches!(current.scheme, Scheme::Ready) {
            return Ok(scheme_for(&found, offered).map(|scheme| Current {
                found,
                scheme,
                kept: current.kept,
            }));
        }
        let Some(sources) = &self.sources else {
            return Ok(None);
        };
        let next = sources.go_on(&found, &offered.headers);
        if let Some(found) = next.map_err(|error| TransportError::Credential(error.into()))? {
            let scheme = scheme_for(&found, offered);
            return Ok(scheme.map(|scheme| Current {
                found,
                scheme,
                kept: false,
            }));
        }
        if is_own && let Err(error) = sources.reject(&found, &offered.headers) {
            debug!(%error, "a helper did not forget the login");
        }
        self.refused.push(found.source);
        Ok(None)
    }

    /// Waits for the helpers that are being told. They are not cut off; each has a deadline of its own.
    fn wait_for_store(&mut self) {
        if let Some(storing) = self.storing.take() {
            drop(storing.join());
        }
    }

    /// Returns the error of a conversation that ends here, where the server offers what is given.
    pub(super) fn error(&self, offered: &Challenges) -> TransportError {
        let host = self.host();
        let current = self.current.iter().map(|current| &current.found.source);
        let refused: Vec<&LoginSource> = self.refused.iter().chain(current).collect();
        if self.has_own() {
            return TransportError::HeaderRefused { host };
        }
        if let Some(last) = refused.last() {
            let names: Vec<String> = refused.iter().map(ToString::to_string).collect();
            return TransportError::LoginRefused {
                host,
                from: names.join(", then of "),
                renewal: last.renewal(),
            };
        }
        let speakable = offered.get("Basic").is_some() || Digest::of(offered).is_some();
        if speakable || offered.are_absent() {
            TransportError::NoLogin {
                host,
                variables: self.variables.to_vec(),
            }
        } else {
            TransportError::AuthScheme {
                host,
                schemes: offered.names(),
            }
        }
    }
}

impl Drop for HttpAuth<'_> {
    fn drop(&mut self) {
        self.wait_for_store();
    }
}
