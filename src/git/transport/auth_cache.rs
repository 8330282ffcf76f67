//! Whether a remote wants a login: what was seen of it, for the next time.

use std::sync::{Arc, Mutex, PoisonError};

/// What a remote does about logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginUse {
    /// It asked for one: the next request brings it along.
    Wanted,
    /// It took a push from somebody without a name.
    NotWanted,
}

/// What a remote did about logins so far: said before a conversation, and corrected by it.
///
/// Clones share what they learn, so that the caller hears of it. It is only about round trips: a login
/// never goes anywhere but to the origin that it is for.
#[derive(Debug, Clone, Default)]
pub struct LoginHabit {
    before: Option<LoginUse>,
    now: Arc<Mutex<Option<LoginUse>>>,
}

impl LoginHabit {
    /// Begins with what was seen before; nothing where the remote is new.
    pub fn new(before: Option<LoginUse>) -> Self {
        Self {
            before,
            now: Arc::new(Mutex::new(before)),
        }
    }

    /// Returns what was seen last.
    pub fn seen(&self) -> Option<LoginUse> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was seen last where that is news.
    pub fn learned(&self) -> Option<LoginUse> {
        self.seen().filter(|now| self.before != Some(*now))
    }

    /// Notes what the remote did.
    pub(super) fn saw(&self, seen: LoginUse) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}
