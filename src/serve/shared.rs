//! `Shared`: the state that all connections share.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::events::EventWriter;
use crate::secrets::KnownSecrets;

use super::body::BodyBudget;
use super::dispatcher::Dispatcher;
use super::metrics::Metrics;
use super::settings::Settings;
use super::tick_monitor::TickMonitor;

/// The state that all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    settings: RwLock<Arc<Settings>>,
    is_draining: AtomicBool,
    /// When an unauthenticated sender was logged last, in seconds since 1970.
    last_line: AtomicI64,
    pub(super) known: KnownSecrets,
    pub(super) clock: Clock,
    pub(super) writer: EventWriter,
    pub(super) dispatcher: Dispatcher,
    pub(super) metrics: Metrics,
    pub(super) ticks: TickMonitor,
    pub(super) body_budget: BodyBudget,
    /// Limits the threads that verify and compare deliveries.
    pub(super) workers: Arc<Semaphore>,
}

/// The state of every handler.
pub(super) type App = Arc<Shared>;

/// The permits of [`Shared::workers`].
pub(super) const MAX_WORKERS: usize = 16;

impl Shared {
    pub(super) fn new(
        settings: Arc<Settings>,
        known: KnownSecrets,
        writer: EventWriter,
        dispatcher: Dispatcher,
        ticks: TickMonitor,
    ) -> Self {
        Self {
            settings: RwLock::new(settings),
            is_draining: AtomicBool::new(false),
            last_line: AtomicI64::new(0),
            known,
            clock: Clock::System,
            writer,
            dispatcher,
            metrics: Metrics::default(),
            ticks,
            body_budget: BodyBudget::default(),
            workers: Arc::new(Semaphore::new(MAX_WORKERS)),
        }
    }

    /// Returns the current settings.
    pub(super) fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&settings)
    }

    /// Replaces the settings. Deliveries in progress keep the old ones.
    pub(super) fn replace(&self, settings: Arc<Settings>) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Says whether to log another unauthenticated sender: one a minute.
    pub(super) fn is_worth_a_line(&self) -> bool {
        let now = self.clock.now().as_second();
        let last = self.last_line.load(Ordering::Relaxed);
        let is_due = now.abs_diff(last) >= 60;
        if is_due {
            self.last_line.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// Stops accepting new work.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}
