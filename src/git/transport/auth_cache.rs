//! `AuthCache`: whether a remote required a login last time, which saves a round trip.

use std::sync::{Arc, Mutex};

use crate::threads::lock;

/// Whether a remote requires a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthNeed {
    /// It asked for one: the next first request carries it.
    Required,
    /// It accepted a push without one.
    NotRequired,
}

/// Whether a remote required a login so far: set before a connection, and corrected by it.
///
/// Clones share the value, so that the caller sees the correction. It saves round trips only: a login
/// is never sent to any origin but its own.
#[derive(Debug, Clone, Default)]
pub struct AuthCache {
    before: Option<AuthNeed>,
    now: Arc<Mutex<Option<AuthNeed>>>,
}

impl AuthCache {
    /// Starts with the value of the last push; none for a new remote.
    pub fn new(before: Option<AuthNeed>) -> Self {
        Self {
            before,
            now: Arc::new(Mutex::new(before)),
        }
    }

    /// Returns the latest value.
    pub fn last(&self) -> Option<AuthNeed> {
        *lock(&self.now)
    }

    /// Returns the latest value where it differs from the first.
    pub fn changed(&self) -> Option<AuthNeed> {
        self.last().filter(|now| self.before != Some(*now))
    }

    /// Records what the remote did.
    pub(super) fn record(&self, seen: AuthNeed) {
        *lock(&self.now) = Some(seen);
    }
}
