//! `Platform`: one workspace on the platform.

use std::sync::Mutex;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::http::{Client, Request, Response, Token};
use crate::names::Origin;
use crate::secrets::KnownSecrets;
use crate::threads::lock;

use super::error::{PlatformError, PlatformErrorClass};
use super::first_origin::FirstOrigin;
use super::token::TokenSource;

/// The longest workspace id.
const WORKSPACE_ID_LIMIT: usize = 128;

/// A client of the agents' platform, for one workspace.
#[derive(Debug)]
pub struct Platform {
    client: Client,
    url: Url,
    origin: Origin,
    workspace_id: String,
    source: TokenSource,
    token: Mutex<Cached>,
    /// The origin that got the token first, where only a variable names the platform's address.
    first: Option<FirstOrigin>,
}

/// The token as it was last read.
#[derive(Debug, Clone)]
enum Cached {
    Unread,
    Read(Option<SecretString>),
}

impl Platform {
    /// Makes a client for `workspace_id` on the platform at `url`. Opens nothing.
    ///
    /// Fails when the URL is not http(s) or holds a password, or when the id holds anything but
    /// letters, digits, dots, dashes and underscores.
    pub fn new(
        client: Client,
        url: Url,
        workspace_id: impl Into<String>,
        source: TokenSource,
    ) -> Result<Self, PlatformError> {
        let workspace_id = workspace_id.into();
        let has_login = !url.username().is_empty() || url.password().is_some();
        let Some(origin) = Origin::of(&url).filter(|_| !has_login) else {
            let message = "the platform's URL is not http or https, or holds a password";
            return Err(PlatformError::new(PlatformErrorClass::Url, message));
        };
        if !is_workspace_id(&workspace_id) {
            let shown: String = workspace_id.escape_debug().take(60).collect();
            let message = format!("`{shown}` is not the id of a workspace");
            return Err(PlatformError::new(PlatformErrorClass::WorkspaceId, message));
        }
        Ok(Self {
            client,
            url,
            origin,
            workspace_id,
            source,
            token: Mutex::new(Cached::Unread),
            first: None,
        })
    }

    /// Sends the token to the origin only that it went to first.
    #[must_use]
    pub fn bound_to(self, first: FirstOrigin) -> Self {
        Self {
            first: Some(first),
            ..self
        }
    }

    /// Returns the origin that requests and the token go to.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the workspace's id.
    pub fn workspace_id(&self) -> &str {
        &self.workspace_id
    }

    /// Adds the token to what must not be shown. If it cannot be read, the first request reports that.
    pub fn tell_token(&self, known: &KnownSecrets) {
        if let Ok(Some(token)) = self.token() {
            known.add(&token);
        }
    }

    /// Returns the URL of a path below the platform's.
    pub(super) fn endpoint(&self, parts: &[&str]) -> Result<Url, PlatformError> {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let Ok(mut path) = url.path_segments_mut() else {
            let message = "the platform's URL has no path";
            return Err(PlatformError::new(PlatformErrorClass::Url, message));
        };
        path.pop_if_empty();
        path.extend(parts);
        drop(path);
        Ok(url)
    }

    /// Posts `body` and returns a successful answer.
    pub(super) async fn post(
        &self,
        url: Url,
        body: &impl Serialize,
    ) -> Result<Response, PlatformError> {
        self.send(Request::post(url, body)?).await
    }

    /// Asks for `url` and returns a successful answer.
    pub(super) async fn get(&self, url: Url) -> Result<Response, PlatformError> {
        self.send(Request::get(url)).await
    }

    /// Sends `request`. A refused token is read from its file again, and a new one tried once:
    /// the platform did not act on the first request, so even a POST may be sent again.
    pub(super) async fn send(&self, request: Request) -> Result<Response, PlatformError> {
        check(self.send_unchecked(request).await?)
    }

    /// Does the same, and returns an answer of whatever status.
    pub(super) async fn send_unchecked(&self, request: Request) -> Result<Response, PlatformError> {
        let request = request.header("accept", "application/json");
        let first = self.token()?;
        let response = self.send_with(&request, first.as_ref()).await?;
        if response.status() != 401 {
            return Ok(response);
        }
        let second = self.source.read()?;
        let is_new = match (&first, &second) {
            (Some(first), Some(second)) => first.expose_secret() != second.expose_secret(),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !is_new {
            return Ok(response);
        }
        tracing::debug!("the token was renewed, trying once more");
        self.remember(second.clone());
        self.send_with(&request, second.as_ref()).await
    }

    async fn send_with(
        &self,
        request: &Request,
        secret: Option<&SecretString>,
    ) -> Result<Response, PlatformError> {
        let first = self.first.as_ref().filter(|_| secret.is_some());
        if let Some(first) = first {
            first.check(&self.origin)?;
        }
        let token = secret.map(|secret| Token::bearer(self.origin.clone(), secret.clone()));
        let request = request.clone().token(token.as_ref());
        let response = self.client.send(request).await?;
        // An address that does not answer, such as a mistyped one, did not get it.
        if let Some(first) = first {
            first.keep(&self.origin);
        }
        Ok(response)
    }

    /// Returns the token, read from its file at the first call.
    fn token(&self) -> Result<Option<SecretString>, PlatformError> {
        let cached = lock(&self.token);
        if let Cached::Read(token) = &*cached {
            return Ok(token.clone());
        }
        drop(cached);
        let token = self.source.read()?;
        self.remember(token.clone());
        Ok(token)
    }

    fn remember(&self, token: Option<SecretString>) {
        *lock(&self.token) = Cached::Read(token);
    }
}

fn check(response: Response) -> Result<Response, PlatformError> {
    if response.is_success() {
        Ok(response)
    } else {
        Err(PlatformError::of(&response))
    }
}

/// Says whether `id` can stand in a path and a log: no separators, no dot segments.
fn is_workspace_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !id.is_empty()
        && id.len() <= WORKSPACE_ID_LIMIT
        && id.chars().all(plain)
        && id.chars().any(|c| c.is_ascii_alphanumeric())
}
