//! `RedirectPlaces`: to which other repositories of its origin a remote may lead, and where it has led.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use crate::names::RemoteUrl;
use crate::reason::Reason;
use crate::threads::lock;

/// Decides whether a remote may lead to another repository of its origin.
pub trait RedirectRule: Debug + Send + Sync {
    /// Returns why it may not; `None` where it may.
    fn objection(&self, to: &RemoteUrl) -> Option<Reason>;
}

/// Where a redirect of the first request may lead, besides staying at its origin. Clones share where one has led.
#[derive(Debug, Clone, Default)]
pub struct RedirectPlaces {
    rule: Option<Arc<dyn RedirectRule>>,
    followed: Arc<Mutex<Option<RemoteUrl>>>,
}

impl RedirectPlaces {
    /// Lets `rule` decide.
    pub fn by(rule: impl RedirectRule + 'static) -> Self {
        Self {
            rule: Some(Arc::new(rule)),
            followed: Arc::default(),
        }
    }

    /// Notes that a redirect to this repository is followed; fails where it may not be.
    pub(super) fn follow(&self, to: RemoteUrl) -> Result<(), Reason> {
        let objection = self.rule.as_ref().and_then(|rule| rule.objection(&to));
        if let Some(reason) = objection {
            return Err(reason);
        }
        let mut followed = lock(&self.followed);
        *followed = Some(to);
        Ok(())
    }

    /// Returns the repository that the remote has led to.
    pub fn followed(&self) -> Option<RemoteUrl> {
        lock(&self.followed).clone()
    }
}
