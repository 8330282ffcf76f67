//! `Shared`: what every connection needs.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::events::Ledger;
use crate::secrets::KnownSecrets;

use super::body::BodyRoom;
use super::carrier::Carrier;
use super::metrics::Metrics;
use super::pulse::Pulse;
use super::settings::Settings;

/// What every connection needs.
#[derive(Debug)]
pub(super) struct Shared {
    settings: RwLock<Arc<Settings>>,
    is_draining: AtomicBool,
    /// The second of the last line about a sender who proved nothing.
    last_line: AtomicI64,
    pub(super) known: KnownSecrets,
    pub(super) clock: Clock,
    pub(super) ledger: Ledger,
    pub(super) carrier: Carrier,
    pub(super) metrics: Metrics,
    pub(super) pulse: Pulse,
    pub(super) room: BodyRoom,
    /// How much is read and compared with rules at a time.
    pub(super) judges: Arc<Semaphore>,
}

/// What every handler gets.
pub(super) type App = Arc<Shared>;

/// The permits of [`Shared::judges`].
pub(super) const JUDGES: usize = 16;

impl Shared {
    pub(super) fn new(
        settings: Arc<Settings>,
        known: KnownSecrets,
        ledger: Ledger,
        carrier: Carrier,
        pulse: Pulse,
    ) -> Self {
        Self {
            settings: RwLock::new(settings),
            is_draining: AtomicBool::new(false),
            last_line: AtomicI64::new(0),
            known,
            clock: Clock::System,
            ledger,
            carrier,
            metrics: Metrics::default(),
            pulse,
            room: BodyRoom::default(),
            judges: Arc::new(Semaphore::new(JUDGES)),
        }
    }

    /// Returns what the policy says now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&settings)
    }

    /// Replaces what the policy says. Deliveries that are at work keep the former.
    pub(super) fn replace(&self, settings: Arc<Settings>) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Says whether another line about a sender who proved nothing belongs into the log: one a minute does.
    pub(super) fn is_worth_a_line(&self) -> bool {
        let now = self.clock.now().as_second();
        let last = self.last_line.load(Ordering::Relaxed);
        let is_due = now.abs_diff(last) >= 60;
        if is_due {
            self.last_line.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// Says that no new work is taken.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}
