//! What the helpers are told of a login that was tried, and what they answer to it.

use super::super::{Credential, CredentialError, Found, LoginSource};
use super::Sources;

impl Sources {
    /// Goes on with a login of which a helper said that there is a next step.
    pub fn go_on(
        &self,
        found: &Found,
        offered: &[String],
    ) -> Result<Option<Found>, CredentialError> {
        let Some(credential) = found.credential.clone().filter(Credential::is_multistage) else {
            return Ok(None);
        };
        let next = self.helpers.go_on(credential, offered)?;
        Ok(next.map(Found::of_helper))
    }

    /// Says whether helpers want to be told that a login works.
    pub const fn wants_to_hear(&self, found: &Found) -> bool {
        found.credential.is_some()
            || matches!(
                found.source,
                LoginSource::Program(_) | LoginSource::Terminal
            )
    }

    /// Tells the helpers that a login works, where it is theirs, or was asked for.
    pub fn approve(&self, found: &Found) -> Result<(), CredentialError> {
        match (&found.credential, &found.login, &found.source) {
            (Some(credential), _, _) => {
                self.helpers
                    .approve(&self.url, self.user.as_deref(), credential)
            }
            (None, Some(login), LoginSource::Program(_) | LoginSource::Terminal) => {
                let (url, user) = self.asked();
                if self
                    .asking
                    .is_to_be_kept(&url, user.as_deref().unwrap_or_default())
                {
                    self.helpers.keep(&self.url, login)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Tells the helpers that a login of theirs was refused under a scheme that the server offered.
    pub fn reject(&self, found: &Found, offered: &[String]) -> Result<(), CredentialError> {
        match &found.credential {
            Some(credential) => {
                self.helpers
                    .reject(&self.url, self.user.as_deref(), credential, offered)
            }
            None => Ok(()),
        }
    }
}
