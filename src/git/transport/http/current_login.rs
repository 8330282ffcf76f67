//! `Current`: the login that requests carry, and the scheme under which it is sent.

use hyper::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use url::Url;

use crate::byte_text::to_bytes;
use crate::git::credentials::{Credential, Found};
use crate::net::{Challenges, Digest, Request, basic_authorization};

/// How a login is sent.
#[derive(Debug)]
pub(super) enum Scheme {
    Basic,
    Digest(Digest),
    /// As a helper says.
    Ready,
}

impl Scheme {
    /// Says whether the server offers this scheme. One that does not say what it wants offers nothing.
    pub(super) fn is_offered(&self, found: &Found, offered: &Challenges) -> bool {
        match self {
            Self::Basic => offered.get("Basic").is_some(),
            Self::Digest(_) => offered.get("Digest").is_some(),
            Self::Ready => {
                let ready = found.credential.as_ref().and_then(Credential::ready);
                ready.is_some_and(|(scheme, _)| offered.get(scheme).is_some())
            }
        }
    }
}

/// A login that requests carry.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) found: Found,
    pub(super) scheme: Scheme,
    /// Whether its helpers were told that it works.
    pub(super) kept: bool,
}

impl Current {
    /// Adds the login to a request.
    pub(super) fn attach(&self, request: Request, method: &str, url: &Url) -> Request {
        let ready = self.found.credential.as_ref().and_then(Credential::ready);
        match (&self.scheme, &self.found.login, ready) {
            (Scheme::Basic, Some(login), _) => {
                match basic_authorization(&login.user, &login.password) {
                    Some(value) => request.header(AUTHORIZATION, value),
                    None => request,
                }
            }
            (Scheme::Digest(digest), Some(login), _) => {
                let query = url
                    .query()
                    .map(|query| format!("?{query}"))
                    .unwrap_or_default();
                let uri = format!("{}{query}", url.path());
                with_value(
                    request,
                    &digest.answer(&login.user, &login.password, method, &uri),
                )
            }
            (Scheme::Ready, _, Some((scheme, secret))) => {
                let value = format!("{scheme} {}", secret.expose_secret());
                with_value(request, &value)
            }
            _ => request,
        }
    }
}

/// Adds the header; a login that no header can hold is not sent.
fn with_value(request: Request, value: &str) -> Request {
    match HeaderValue::from_bytes(&to_bytes(value)) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(AUTHORIZATION, value)
        }
        Err(_) => request,
    }
}

/// Returns how a login can be sent; `None` when the server offers no scheme for it. A server that does not say
/// what it wants is taken to want what all do. What a helper says to send is sent as it says.
pub(super) fn scheme_for(found: &Found, offered: &Challenges) -> Option<Scheme> {
    if found.login.is_none() {
        return Some(Scheme::Ready);
    }
    if let Some(digest) = Digest::of(offered) {
        return Some(Scheme::Digest(digest));
    }
    (offered.get("Basic").is_some() || offered.are_absent()).then_some(Scheme::Basic)
}
