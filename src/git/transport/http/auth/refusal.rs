//! What it means that the server refuses a login: that it is sent in another way, that the next one is tried, or the end.

use tracing::debug;

use crate::git::credentials::LoginSource;
use crate::git::transport::TransportError;
use crate::git::transport::auth_cache::AuthNeed;
use crate::git::transport::http::current_login::{Current, Scheme, scheme_for};
use crate::net::{Challenges, Digest};

use super::HttpAuth;

/// A server that keeps calling its own nonces old is not believed for ever.
const STALE_NONCES: u32 = 3;

impl HttpAuth<'_> {
    /// The server requires a login, or another one: takes the next that can be sent under a scheme that it offers.
    ///
    /// It is an error where a header of the user's own was refused: the same request would carry the same header
    /// again, and the login of a helper was never sent.
    pub(in crate::git::transport::http) fn refused(
        &mut self,
        offered: &Challenges,
    ) -> Result<(), TransportError> {
        (self.required, self.verified) = (true, false);
        // Only these can go with the next first request.
        if offered.get("Basic").is_some() || offered.are_absent() {
            self.cache.record(AuthNeed::Required);
        }
        // A helper must not be told to keep it after it was told that it was refused.
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

    /// Keeps what the server says of the login that it was sent.
    pub(in crate::git::transport::http) fn heard(&mut self, said: String) {
        if self.is_sent() {
            self.said = said;
        }
    }

    /// The server says, without a challenge, that the login is bad.
    pub(in crate::git::transport::http) fn called_bad(&mut self) -> Result<(), TransportError> {
        self.refused(&Challenges::default())
    }

    /// Decides what a refusal of the current login means: that it is to be sent under another scheme, that the
    /// handshake of its scheme continues, or that it is wrong.
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

    /// Returns the error of a conversation that ends here, where the server offers what is given.
    pub(in crate::git::transport::http) fn error(&self, offered: &Challenges) -> TransportError {
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
                said: self.said.clone(),
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
