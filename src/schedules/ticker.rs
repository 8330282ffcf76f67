//! `Ticker`: looks again and again for schedules that are due, and carries them out.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::session::Service;
use crate::store::LazyStore;

use super::carry::{Carried, carry, in_store};
use super::sync::sync;
use super::tick::{Taker, Ticked, tick};

/// How often the ticker looks, when nothing wakes it and nothing is due before. Without a tick for twice as long it is stuck.
pub const TICK_INTERVAL: Duration = Duration::from_secs(5);
/// How many firings a process carries out at once.
const MOST_AT_ONCE: usize = 10;
/// A pause between two ticks after which the machine was asleep: what was due meanwhile was missed.
const ASLEEP: SignedDuration = SignedDuration::from_secs(60);
/// How long a ticker waits before it looks again at what is due and waits for a firing that runs.
const WAIT_FOR_BUSY: Duration = Duration::from_secs(1);

/// Looks for what is due and carries it out.
#[derive(Debug)]
pub struct Ticker {
    service: Mutex<Arc<Service>>,
    store: LazyStore,
    wake: Arc<Notify>,
    /// Whether the policy is to be taken into the store first: it was read since.
    is_new: AtomicBool,
    /// The word that names this ticker in the store.
    holder: String,
}

/// Lets a ticker look at once, such as after an event has set something due. Clones wake the same one.
#[derive(Debug, Clone)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Wakes the ticker. Several calls before it looks are one.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

impl Ticker {
    /// Makes a ticker that has not begun.
    pub fn new(service: Arc<Service>) -> Self {
        let store = service.store();
        Self {
            service: Mutex::new(service),
            store,
            wake: Arc::default(),
            is_new: AtomicBool::new(true),
            holder: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// Returns what wakes it.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Replaces policy and environment for what is begun from now on, such as after the policy was read again.
    pub fn reload(&self, service: Arc<Service>) {
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = service;
        self.is_new.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Takes the policy's schedules into the store, and ticks until `cancel` is ready, and then waits for what runs still. `on_tick` gets the time of each tick that the
    /// store has answered; one at which it does not is told in the log only.
    ///
    /// Where the policy keeps the schedules in the platform's table, the platform fires them, and a tick does nothing.
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
            if now.duration_since(last) > ASLEEP {
                awake_since = now;
            }
            last = now;
            wait = TICK_INTERVAL;
            let taker = Taker {
                holder: self.holder.clone(),
                slots: MOST_AT_ONCE.saturating_sub(running.len()),
                awake_since,
            };
            match self.tick(taker, now).await {
                Ok(ticked) => {
                    on_tick(now);
                    wait = until_next(&ticked, now);
                    self.begin(ticked, &mut running);
                }
                Err(error) => tracing::error!(error, "the store of the schedules does not answer"),
            }
        }
        while running.join_next().await.is_some() {
            on_tick(Clock::System.now());
        }
    }

    async fn tick(&self, taker: Taker, now: Timestamp) -> Result<Ticked, String> {
        let service = self.service();
        if service.fires_elsewhere() {
            return Ok(Ticked::default());
        }
        if self.is_new.swap(false, Ordering::AcqRel) {
            let taken_in = in_store(&self.store, move |store| sync(&service, store)).await;
            let conflicts = taken_in.inspect_err(|_| self.is_new.store(true, Ordering::Release))?;
            for conflict in conflicts {
                tracing::warn!(advice = conflict.advice(), "{conflict}");
            }
        }
        in_store(&self.store, move |store| tick(store, &taker, now)).await
    }

    fn begin(&self, ticked: Ticked, running: &mut JoinSet<()>) {
        for (firing, row) in ticked.begun {
            let (service, store) = (self.service(), self.store.clone());
            running.spawn(async move {
                let name = row.name.as_str();
                let carried = carry(&service, &store, &firing, &row).await;
                match carried {
                    Carried::Ended { status, detail } => {
                        let detail = detail.unwrap_or_default();
                        tracing::info!(name, status = status.as_str(), detail, "a schedule fired");
                    }
                    Carried::PutOff { detail } => {
                        let detail = detail.unwrap_or_default();
                        tracing::info!(name, detail, "a schedule will be tried again");
                    }
                    Carried::NotNoted => tracing::warn!(name, "another process noted it, or none"),
                }
            });
        }
    }

    fn service(&self) -> Arc<Service> {
        let service = self.service.lock();
        Arc::clone(&service.unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns how long nothing is to be done.
fn until_next(ticked: &Ticked, now: Timestamp) -> Duration {
    let Some(due) = ticked.next_due else {
        return TICK_INTERVAL;
    };
    // What is due and was not claimed waits for something that takes its time.
    let wait = Duration::try_from(due.duration_since(now)).unwrap_or(WAIT_FOR_BUSY);
    wait.min(TICK_INTERVAL)
}
