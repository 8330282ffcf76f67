//! Reference discovery over HTTP: the first request, its redirects and its logins, and what another status means.

use hyper::header::WWW_AUTHENTICATE;
use hyper::{Method, StatusCode, Version};
use url::Url;

use crate::git::transport::{Redirects, TakeLines, TransportError};
use crate::names::RemoteUrl;
use crate::net::{Challenges, TlsFault, TlsPlace, may_follow};
use crate::reason::{Code, Reason};

use super::response::{ResponseHead, location, media_type, refusal, shown_page};
use super::{HttpConnection, at};

impl HttpConnection<'_> {
    /// Requests the advertisement: follows redirects within the origin, and logs in when the server asks for it.
    pub(super) fn discover_refs(&mut self, take: TakeLines<'_>) -> Result<(), TransportError> {
        let mut url = at(&self.base, "/info/refs");
        url.set_query(Some(&format!("service={}", self.service.name())));
        let wanted = format!("application/x-{}-advertisement", self.service.name());
        let mut redirects = 0;
        loop {
            let request = self.request_to(&Method::GET, &url);
            let wanted = wanted.as_str();
            let take = &mut *take;
            let discovered = self.run(|connection| async move {
                let response = connection.send(request).await?;
                let head = ResponseHead::of(&response);
                let offered = Challenges::of(response.headers(), &WWW_AUTHENTICATE);
                if head.status.is_redirection() {
                    return Ok((head, offered, location(&response).into_bytes()));
                }
                if head.status == StatusCode::OK && media_type(&response) != wanted {
                    return Err(TransportError::NotGit {
                        host: connection.auth.host(),
                    });
                }
                let body = if head.status == StatusCode::OK {
                    connection.hand_on(response, take).await?;
                    Vec::new()
                } else {
                    connection.read_page(response).await?
                };
                Ok((head, offered, body))
            });
            let (head, offered, body) = match discovered {
                Err(TransportError::ProxyLogin { refusal, .. }) => {
                    self.client.proxy_refused(&self.base, refusal)?;
                    continue;
                }
                discovered => discovered?,
            };
            self.client.accepted();
            self.has_chunks = head.version <= Version::HTTP_11;
            self.spoken = Some(head.version);
            match head.status {
                StatusCode::OK => {
                    self.auth.accepted();
                    return Ok(());
                }
                StatusCode::UNAUTHORIZED => {
                    self.auth.heard(shown_page(&body, self.known));
                    self.auth.refused(&offered)?;
                }
                StatusCode::FORBIDDEN if self.says_bad_login(&body) => self.auth.called_bad()?,
                status if status.is_redirection() => {
                    if self.redirects == Redirects::Never {
                        return Err(TransportError::RedirectsOff);
                    }
                    let to = String::from_utf8_lossy(&body);
                    let to = url.join(&to).map_err(|_| TransportError::Garbled)?;
                    may_follow(&url, &to, redirects)
                        .map_err(|refused| TransportError::Redirect(refused.into()))?;
                    self.move_to(repository(&to, &url)?)?;
                    url = to;
                    redirects += 1;
                }
                _ => return Err(self.refusal(head, &body)),
            }
        }
    }

    /// Goes on at the repository that a redirect leads to.
    fn move_to(&mut self, base: Url) -> Result<(), TransportError> {
        if base.path() != self.base.path() {
            let to = RemoteUrl::parse(base.as_str());
            to.map_err(|error| Reason::of(Code::RedirectRefused, &error))
                .and_then(|to| self.redirect_places.follow(to))
                .map_err(TransportError::RedirectPlace)?;
            self.auth.moved(&base);
        }
        self.base = base;
        Ok(())
    }

    /// Says whether an error page with the status 403 means that the login is wrong, and not that it lacks the
    /// permission.
    fn says_bad_login(&self, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        self.auth.is_sent() && text.contains("bad credentials")
    }

    /// Returns the error for a status other than 200 and 401.
    pub(super) fn refusal(&self, head: ResponseHead, body: &[u8]) -> TransportError {
        if head.status == StatusCode::BAD_REQUEST && self.client.lacks_certificate() {
            return TransportError::Tls {
                fault: TlsFault::ClientCertificateWanted,
                place: TlsPlace::of(&self.base),
            };
        }
        // What nginx and Apache answer to plain http at a port for TLS.
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        let is_tls_port = ["sent to https port", "ssl-enabled server port"]
            .iter()
            .any(|words| text.contains(words));
        if head.status == StatusCode::BAD_REQUEST && self.base.scheme() == "http" && is_tls_port {
            return TransportError::TlsPort {
                place: TlsPlace::of(&self.base),
            };
        }
        refusal(head, body, &self.auth.host(), self.known)
    }
}

/// Returns the repository's URL when a redirect leads to the same request for another path.
fn repository(to: &Url, asked: &Url) -> Result<Url, TransportError> {
    let path = to.path().strip_suffix("/info/refs");
    match path {
        Some(path) if to.query() == asked.query() => {
            let mut base = to.clone();
            base.set_path(path);
            base.set_query(None);
            base.set_fragment(None);
            Ok(base)
        }
        _ => Err(TransportError::RedirectElsewhere),
    }
}
