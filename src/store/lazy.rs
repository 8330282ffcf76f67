//! `LazyStore`: the store, opened when something has to be kept, and not before.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::clock::Clock;

use super::{Caps, PATIENCE, Store, StoreError};

/// The store of a state directory, opened at the first call. Clones share it.
#[derive(Debug, Clone)]
pub struct LazyStore {
    directory: Option<PathBuf>,
    clock: Clock,
    caps: Caps,
    cell: Arc<OnceLock<Result<Store, StoreError>>>,
}

impl LazyStore {
    /// Names the state directory; without one there is no store.
    pub fn below(directory: Option<PathBuf>, clock: Clock) -> Self {
        Self {
            directory,
            clock,
            caps: Caps::default(),
            cell: Arc::new(OnceLock::new()),
        }
    }

    /// Replaces the caps. Only before it is opened.
    #[must_use]
    pub const fn with_caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Returns the state directory.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Returns the store, opened now if it was not before, or why there is none.
    pub fn get(&self) -> Result<&Store, &StoreError> {
        let opened = self.cell.get_or_init(|| match &self.directory {
            Some(directory) => Store::open(directory, &self.clock, PATIENCE)
                .map(|store| store.with_caps(self.caps)),
            None => Err(StoreError::NoDirectory),
        });
        opened.as_ref()
    }

    /// Returns the store when it is open, or when one was made before: there may be something in it.
    pub fn existing(&self) -> Option<&Store> {
        let is_there = self.cell.get().is_some() || self.directory().is_some_and(Store::exists);
        is_there.then(|| self.get().ok()).flatten()
    }
}
