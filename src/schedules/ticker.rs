//! `Ticker`: looks again and again for schedules that are due.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::session::Service;

/// How often the ticker looks, when nothing wakes it before. Without a tick for twice as long it is stuck.
pub const TICK_INTERVAL: Duration = Duration::from_secs(5);

/// Looks for what is due and lets it run.
#[derive(Debug)]
pub struct Ticker {
    service: Mutex<Arc<Service>>,
    wake: Arc<Notify>,
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
        Self {
            service: Mutex::new(service),
            wake: Arc::default(),
        }
    }

    /// Returns what wakes it.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Replaces policy and environment from the next tick on, such as after the policy was read again.
    pub fn reload(&self, service: Arc<Service>) {
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = service;
        self.wake.notify_one();
    }

    /// Ticks until `cancel` is ready, and then waits for what runs still. `on_tick` gets the time of each tick after the
    /// store has answered; a tick at which it does not is told in the log only.
    pub async fn run(
        &self,
        cancel: impl Future<Output = ()> + Send,
        on_tick: impl Fn(Timestamp) + Send,
    ) {
        let mut cancel = std::pin::pin!(cancel);
        let mut interval = tokio::time::interval(TICK_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut cancel => return,
                _ = interval.tick() => {}
                () = self.wake.notified() => {}
            }
            on_tick(Clock::System.now());
        }
    }
}
