//! `Dispatcher`: a thread that sets the schedules due that rules fire.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::names::NamePattern;
use crate::schedules::Waker;
use crate::store::{Firing, LazyStore, SetsDue, Store, StoreError};

/// The interval at which the thread looks for firings that other processes left undone.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The shortest wait, so that a store that cannot be written is not accessed in a busy loop.
const MIN_WAIT: Duration = Duration::from_millis(20);

/// The queue of the thread.
#[derive(Debug)]
pub(super) struct Dispatcher {
    firings: Sender<Dispatch>,
    due: Due,
}

/// The place of the schedules, which is replaced when the policy is reloaded.
type Due = Arc<RwLock<Arc<dyn SetsDue>>>;

/// A claimed firing, and the channel for the names of the schedules that it sets due.
type Dispatch = (Firing, oneshot::Sender<Vec<String>>);

impl Dispatcher {
    /// Starts the thread with a store of its own. It ends when the dispatcher is dropped. `due` is the place of the schedules.
    pub(super) fn start(store: LazyStore, due: Arc<dyn SetsDue>, waker: Waker) -> io::Result<Self> {
        let (firings, waiting) = channel();
        let due: Due = Arc::new(RwLock::new(due));
        let work = Worker {
            store,
            due: Arc::clone(&due),
            waker,
        };
        thread::Builder::new()
            .name("dispatcher".into())
            .spawn(move || work.until_closed(&waiting))?;
        Ok(Self { firings, due })
    }

    /// Replaces the place of the schedules, for later firings.
    pub(super) fn replace(&self, due: Arc<dyn SetsDue>) {
        *self.due.write().unwrap_or_else(PoisonError::into_inner) = due;
    }

    /// Sets the schedules of a firing due, and returns their names; `None` when that takes longer than `patience`.
    pub(super) async fn dispatch(&self, firing: Firing, patience: Duration) -> Option<Vec<String>> {
        let (tell, told) = oneshot::channel();
        self.firings.send((firing, tell)).ok()?;
        tokio::time::timeout(patience, told).await.ok()?.ok()
    }
}

/// What the thread works with.
struct Worker {
    store: LazyStore,
    due: Due,
    waker: Waker,
}

impl Worker {
    fn until_closed(&self, waiting: &Receiver<Dispatch>) {
        loop {
            let wait = self.wait();
            if wait.is_zero() {
                self.dispatch_due();
            }
            match waiting.recv_timeout(wait.max(MIN_WAIT)) {
                Ok((firing, tell)) => {
                    if let Some(schedules) = self.dispatch(&firing) {
                        // The receiver can be gone after its timeout.
                        let _gone = tell.send(schedules);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Returns the time until the next firing is due, at most [`CHECK_INTERVAL`].
    fn wait(&self) -> Duration {
        let next = self.store.get().map(Store::next_firing);
        let Ok(Ok(Some(at))) = next else {
            return CHECK_INTERVAL;
        };
        let left = Clock::System.now().until(at).map(Duration::try_from);
        match left {
            Ok(Ok(left)) => left.min(CHECK_INTERVAL),
            _ => Duration::ZERO,
        }
    }

    /// Dispatches the firings that are due, also those that other processes left undone.
    fn dispatch_due(&self) {
        let claimed = self.store.get().map(Store::claim_firings);
        match claimed {
            Ok(Ok(firings)) => firings.iter().for_each(|firing| {
                self.dispatch(firing);
            }),
            Ok(Err(error)) => log(&error),
            Err(error) => log(&error),
        }
    }

    /// Dispatches one firing. One that fails is retried when its claim has expired.
    fn dispatch(&self, firing: &Firing) -> Option<Vec<String>> {
        let facts: Value = serde_json::from_str(&firing.facts).unwrap_or_default();
        let fire: Vec<NamePattern> = firing.fire.iter().map(NamePattern::new).collect();
        let due = Arc::clone(&self.due.read().unwrap_or_else(PoisonError::into_inner));
        let set = due.set_due(&fire, Some(&facts), Clock::System.now());
        let schedules = match set {
            Ok(schedules) => schedules,
            Err(error) => {
                tracing::error!(%error, fire = ?firing.fire, "schedules cannot be set due; tried again in a minute");
                return None;
            }
        };
        let store = self.store.get();
        match store.map(|store| store.settle_firing(firing.id, &schedules)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log(&error),
            Err(error) => log(&error),
        }
        if schedules.is_empty() {
            tracing::warn!(fire = ?firing.fire, "no enabled schedule has such a name or tag");
        } else {
            tracing::info!(?schedules, "schedules are due");
            self.waker.wake();
        }
        Some(schedules)
    }
}

fn log(error: &StoreError) {
    tracing::error!(%error, "the store cannot be used for firings");
}
