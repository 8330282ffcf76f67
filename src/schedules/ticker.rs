//! `Ticker`: checks regularly for schedules that are due, and executes them.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::session::Service;
use crate::store::LazyStore;
use crate::threads::lock;

use super::execute::{Executed, execute, in_store};
use super::sync::sync;
use super::tick::{Claimant, Ticked, tick};

/// The longest interval between two ticks. A ticker without a tick for twice as long is stuck.
pub const TICK_INTERVAL: Duration = Duration::from_secs(5);
/// The most firings that a process executes at the same time.
const MAX_CONCURRENT: usize = 10;
/// A gap between two ticks that means that the machine was suspended, and schedules were missed.
const SUSPEND_GAP: SignedDuration = SignedDuration::from_secs(60);
/// The interval for schedules that are due but wait for a running firing.
const BUSY_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Checks for schedules that are due, and executes them.
#[derive(Debug)]
pub struct Ticker {
    service: Mutex<Arc<Service>>,
    store: LazyStore,
    wake: Arc<Notify>,
    /// Whether the policy was reloaded, so that its schedules must be copied into the store.
    needs_sync: AtomicBool,
    /// The name of this ticker in the store.
    holder: String,
}

/// Triggers a tick, such as after an event has set a schedule due. Clones wake the same ticker.
#[derive(Debug, Clone)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Wakes the ticker. Several calls before the tick count as one.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

impl Ticker {
    /// Makes a ticker. It does nothing before [`run`](Self::run).
    pub fn new(service: Arc<Service>) -> Self {
        let store = service.store();
        Self {
            service: Mutex::new(service),
            store,
            wake: Arc::default(),
            needs_sync: AtomicBool::new(true),
            holder: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// Returns a handle to wake it.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Replaces the policy and the environment for later firings, such as after a reload.
    pub fn reload(&self, service: Arc<Service>) {
        *lock(&self.service) = service;
        self.needs_sync.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Copies the policy's schedules into the store, ticks until `cancel` is ready, and then waits for the running firings.
    /// `on_tick` gets the time of each successful tick; a failed one is only logged.
    ///
    /// Where the policy names the platform's table, the platform fires the schedules, and a tick does nothing.
    pub async fn run(
        &self,
        cancel: impl Future<Output = ()> + Send,
        on_tick: impl Fn(Timestamp) + Send + Sync,
    ) {
        let mut cancel = pin!(cancel);
        let mut running = JoinSet::new();
        let mut awake_since = Clock::System.now();
        let mut last = awake_since;
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                () = &mut cancel => break,
                () = sleep(wait) => {}
                () = self.wake.notified() => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
            let now = Clock::System.now();
            if now.duration_since(last) > SUSPEND_GAP {
                awake_since = now;
            }
            last = now;
            wait = TICK_INTERVAL;
            let claimant = Claimant {
                holder: self.holder.clone(),
                slots: MAX_CONCURRENT.saturating_sub(running.len()),
                awake_since,
            };
            match self.tick(claimant, now).await {
                Ok(ticked) => {
                    on_tick(now);
                    wait = until_next(&ticked, now);
                    self.begin(ticked, &mut running);
                }
                Err(error) => tracing::error!(error, "the store of the schedules cannot be used"),
            }
        }
        while running.join_next().await.is_some() {
            on_tick(Clock::System.now());
        }
    }

    async fn tick(&self, claimant: Claimant, now: Timestamp) -> Result<Ticked, String> {
        let service = self.service();
        if service.fires_elsewhere() {
            return Ok(Ticked::default());
        }
        if self.needs_sync.swap(false, Ordering::AcqRel) {
            let taken_in = in_store(&self.store, move |store| sync(&service, store)).await;
            let conflicts =
                taken_in.inspect_err(|_| self.needs_sync.store(true, Ordering::Release))?;
            for conflict in conflicts {
                tracing::warn!(advice = conflict.advice(), "{conflict}");
            }
        }
        in_store(&self.store, move |store| tick(store, &claimant, now)).await
    }

    fn begin(&self, ticked: Ticked, running: &mut JoinSet<()>) {
        for (firing, row) in ticked.begun {
            let (service, store) = (self.service(), self.store.clone());
            running.spawn(async move {
                let name = row.name.as_str();
                let carried = execute(&service, &store, &firing, &row).await;
                match carried {
                    Executed::Ended { status, detail } => {
                        let detail = detail.unwrap_or_default();
                        tracing::info!(name, status = status.as_str(), detail, "a schedule fired");
                    }
                    Executed::Postponed { detail } => {
                        let detail = detail.unwrap_or_default();
                        tracing::info!(name, detail, "a schedule will be tried again");
                    }
                    Executed::NotRecorded => {
                        tracing::warn!(name, "its result is not recorded here: another process recorded it, or the store failed");
                    }
                }
            });
        }
    }

    fn service(&self) -> Arc<Service> {
        Arc::clone(&lock(&self.service))
    }
}

/// Returns the time until the next tick.
fn until_next(ticked: &Ticked, now: Timestamp) -> Duration {
    let Some(due) = ticked.next_due else {
        return TICK_INTERVAL;
    };
    // A schedule that is due but was not claimed waits for a running firing or for a slot.
    let wait = Duration::try_from(due.duration_since(now)).unwrap_or(BUSY_CHECK_INTERVAL);
    wait.min(TICK_INTERVAL)
}
