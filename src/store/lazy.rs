//! `LazyStore`: the store, opened at the first use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::threads::lock;

use super::{BUSY_TIMEOUT, Caps, LATE_BUSY_TIMEOUT, RETRY_INTERVAL, Store, StoreError};

/// After a failed open no other one is tried for so many times as long as that took: the machine may have been short
/// of something for a moment, and a caller that waits for a lock must not wait again at each call.
const RETRY_FACTOR: u32 = 10;

/// The store of a state directory, opened at the first call. Clones share it.
#[derive(Debug, Clone)]
pub struct LazyStore {
    directory: Option<PathBuf>,
    clock: Clock,
    caps: Caps,
    patience: Duration,
    opened: Arc<OnceLock<Store>>,
    /// Locked while it is opened.
    failed: Arc<Mutex<Option<Failed>>>,
}

/// The last open, which failed.
#[derive(Debug)]
struct Failed {
    error: Arc<StoreError>,
    at: Instant,
    took: Duration,
}

impl LazyStore {
    /// Names the state directory; without one there is no store.
    pub fn below(directory: Option<PathBuf>, clock: Clock) -> Self {
        Self {
            directory,
            clock,
            caps: Caps::default(),
            patience: BUSY_TIMEOUT,
            opened: Arc::default(),
            failed: Arc::default(),
        }
    }

    /// Replaces the caps. Only before it is opened.
    #[must_use]
    pub const fn with_caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Replaces how long each operation waits for another process that writes. Only before it is opened.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the state directory.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Returns the store, opened now if it was not before, or why there is none. A later call tries again after a
    /// failure.
    pub fn get(&self) -> Result<&Store, Arc<StoreError>> {
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        let mut failed = lock(&self.failed);
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        if let Some(failed) = &*failed
            && failed.at.elapsed() < failed.took * RETRY_FACTOR
        {
            return Err(Arc::clone(&failed.error));
        }
        let began = Instant::now();
        match self.open(self.patience) {
            Ok(store) => Ok(self.opened.get_or_init(|| store)),
            Err(error) => {
                let error = Arc::new(error);
                *failed = Some(Failed {
                    error: Arc::clone(&error),
                    at: Instant::now(),
                    took: began.elapsed(),
                });
                Err(error)
            }
        }
    }

    /// Returns the store when it is open, or when its file exists: there may be something in it.
    pub fn existing(&self) -> Option<&Store> {
        self.try_existing().ok().flatten()
    }

    /// Returns the same, or why an existing one cannot be opened.
    pub fn try_existing(&self) -> Result<Option<&Store>, Arc<StoreError>> {
        let is_there = self.opened.get().is_some() || self.directory().is_some_and(Store::exists);
        is_there.then(|| self.get()).transpose()
    }

    /// Begins to open the store on a thread of its own, when its file exists. Callers that need it meanwhile wait for
    /// that.
    pub fn open_ahead(&self) {
        if self.directory().is_some_and(Store::exists) {
            self.make_ahead();
        }
    }

    /// Does the same, and makes the store where there is none.
    pub fn make_ahead(&self) {
        if self.opened.get().is_some() {
            return;
        }
        let store = self.clone();
        // Where the machine refuses the thread, the next call opens it.
        let _thread = thread::Builder::new()
            .name("store".into())
            .spawn(move || store.read_ahead());
    }

    /// Opens the store on this thread, when its file exists, for a caller that needs it soon.
    pub fn read_existing_ahead(&self) {
        if self.directory().is_some_and(Store::exists) {
            self.read_ahead();
        }
    }

    fn read_ahead(&self) {
        // Where it cannot be opened, the next call finds out.
        if let Ok(store) = self.get() {
            store.read_ahead();
        }
    }

    /// Returns a store for a thread that ends the process, and waits neither for another process nor for a thread
    /// that may be stuck in the store.
    pub fn late(&self) -> Result<Store, StoreError> {
        // A thread that opens it at this moment is ahead of another open, which would wait for its lock.
        let until = Instant::now() + LATE_BUSY_TIMEOUT;
        while self.is_being_opened() && Instant::now() < until {
            thread::sleep(RETRY_INTERVAL);
        }
        match self.opened.get() {
            Some(store) if store.is_free() => Ok(store.late()),
            _ => self.open(LATE_BUSY_TIMEOUT),
        }
    }

    fn is_being_opened(&self) -> bool {
        matches!(self.failed.try_lock(), Err(TryLockError::WouldBlock))
    }

    fn open(&self, patience: Duration) -> Result<Store, StoreError> {
        let directory = self.directory.as_ref().ok_or(StoreError::NoDirectory)?;
        Store::open(directory, &self.clock, patience).map(|store| store.with_caps(self.caps))
    }
}
