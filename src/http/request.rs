//! `Request` and `Token`: what is sent, and to which origin its secret belongs.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::names::Origin;
use crate::net;
use crate::secrets::OutgoingJson;

use super::error::HttpError;

/// A secret that goes to one origin and nowhere else.
#[derive(Clone)]
pub struct Token {
    origin: Origin,
    secret: SecretString,
}

impl Token {
    /// Makes a token that is sent as `Authorization: Bearer`.
    pub const fn bearer(origin: Origin, secret: SecretString) -> Self {
        Self { origin, secret }
    }

    /// Returns the secret.
    pub(super) const fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Puts the secret into a request that goes to `url`, if it belongs there.
    pub(super) fn attach(&self, request: net::Request, url: &Url) -> net::Request {
        if Origin::of(url).as_ref() != Some(&self.origin) {
            tracing::debug!("the token belongs to another origin and is not sent");
            return request;
        }
        let value = format!("Bearer {}", self.secret.expose_secret());
        match HeaderValue::try_from(value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            // Who sends it has asked `is_usable`.
            Err(_) => request,
        }
    }

    /// Says whether the secret can stand in a header.
    pub(super) fn is_usable(&self) -> bool {
        let secret = self.secret.expose_secret();
        !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Takes the secret out of an answer, for servers that echo what they get.
    pub(super) fn scrub(&self, headers: &mut HeaderMap, body: &mut Vec<u8>) {
        /// Shorter secrets are part of ordinary text.
        const SHORTEST: usize = 8;
        let secret = self.secret.expose_secret().as_bytes();
        if secret.len() < SHORTEST {
            return;
        }
        let Ok(finder) = aho_corasick::AhoCorasick::new([secret]) else {
            return;
        };
        for value in headers.values_mut() {
            if finder.is_match(value.as_bytes()) {
                *value = HeaderValue::from_static("[REDACTED]");
            }
        }
        if finder.is_match(&*body) {
            *body = finder.replace_all_bytes(body, &["[REDACTED]"]);
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.origin)
    }
}

/// One request. It is repeated only when its method is safe.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) token: Option<Token>,
    pub(super) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) body: Option<Bytes>,
    pub(super) pace: Pace,
}

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As long as any.
    Usual,
    /// Longer: the server has much to do for it.
    Slow,
}

impl Request {
    /// Asks for what is at `url`.
    pub const fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            token: None,
            headers: Vec::new(),
            body: None,
            pace: Pace::Usual,
        }
    }

    /// Sends `body` as JSON to `url`. Fails when `body` cannot be written as JSON.
    pub fn post(url: Url, body: &impl Serialize) -> Result<Self, HttpError> {
        let body =
            serde_json::to_vec(body).map_err(|error| HttpError::Unusable(error.to_string()))?;
        Ok(Self {
            method: Method::POST,
            body: Some(Bytes::from(body)),
            ..Self::get(url)
        })
    }

    /// Changes what is at `url` by `body`, as JSON. Fails when `body` cannot be written as JSON.
    pub fn patch(url: Url, body: &impl Serialize) -> Result<Self, HttpError> {
        let method = Method::PATCH;
        Self::post(url, body).map(|request| Self { method, ..request })
    }

    /// Sends `body` as JSON to `url` by any method. Fails when `body` cannot be written as JSON.
    pub fn with_method(
        method: Method,
        url: Url,
        body: Option<&OutgoingJson>,
    ) -> Result<Self, HttpError> {
        let request = match body {
            Some(body) => Self::post(url, body)?,
            None => Self::get(url),
        };
        Ok(Self { method, ..request })
    }

    /// Returns the same request to another URL.
    #[must_use]
    pub fn at(self, url: Url) -> Self {
        Self { url, ..self }
    }

    /// Returns the URL that it is sent to.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a token; it is sent only when the URL is of its origin.
    #[must_use]
    pub fn token(mut self, token: Option<&Token>) -> Self {
        self.token = token.cloned();
        self
    }

    /// Says that the server has much to do for it: it may take `slow_timeout`.
    #[must_use]
    pub const fn slow(mut self) -> Self {
        self.pace = Pace::Slow;
        self
    }

    /// Adds a header that holds no secret.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says whether sending it twice is the same as sending it once.
    pub(super) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }
}
