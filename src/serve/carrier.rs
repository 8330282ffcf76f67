//! `Carrier`: the thread that sets schedules due for what rules fire.

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

/// How often the thread looks for what another process left.
const LOOK: Duration = Duration::from_secs(1);

/// How long it waits at least: a store that cannot be written is not asked without a pause.
const SHORTEST: Duration = Duration::from_millis(20);

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Carrier {
    firings: Sender<Carried>,
    due: Due,
}

/// What has the schedules: another one after the policy was read again.
type Due = Arc<RwLock<Arc<dyn SetsDue>>>;

/// A firing that is claimed, and who waits for the schedules that it sets due.
type Carried = (Firing, oneshot::Sender<Vec<String>>);

impl Carrier {
    /// Starts the thread on a store of its own. It ends when the carrier is dropped. `due` has the schedules.
    pub(super) fn start(store: LazyStore, due: Arc<dyn SetsDue>, waker: Waker) -> io::Result<Self> {
        let (firings, waiting) = channel();
        let due: Due = Arc::new(RwLock::new(due));
        let work = Work {
            store,
            due: Arc::clone(&due),
            waker,
        };
        thread::Builder::new()
            .name("carrier".into())
            .spawn(move || work.until_closed(&waiting))?;
        Ok(Self { firings, due })
    }

    /// Takes another place for the schedules, for what is fired from now on.
    pub(super) fn replace(&self, due: Arc<dyn SetsDue>) {
        *self.due.write().unwrap_or_else(PoisonError::into_inner) = due;
    }

    /// Sets the schedules of a firing due, and returns their names; nothing when that takes longer than `patience`.
    pub(super) async fn carry(&self, firing: Firing, patience: Duration) -> Option<Vec<String>> {
        let (tell, told) = oneshot::channel();
        self.firings.send((firing, tell)).ok()?;
        tokio::time::timeout(patience, told).await.ok()?.ok()
    }
}

/// What the thread works with.
struct Work {
    store: LazyStore,
    due: Due,
    waker: Waker,
}

impl Work {
    fn until_closed(&self, waiting: &Receiver<Carried>) {
        loop {
            let rest = self.rest();
            if rest.is_zero() {
                self.carry_all_due();
            }
            match waiting.recv_timeout(rest.max(SHORTEST)) {
                Ok((firing, tell)) => {
                    if let Some(schedules) = self.carry(&firing) {
                        // Whoever asked may have stopped waiting.
                        let _gone = tell.send(schedules);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Returns how long nothing is due.
    fn rest(&self) -> Duration {
        let next = self.store.get().map(Store::next_firing);
        let Ok(Ok(Some(at))) = next else { return LOOK };
        let left = Clock::System.now().until(at).map(Duration::try_from);
        match left {
            Ok(Ok(left)) => left.min(LOOK),
            _ => Duration::ZERO,
        }
    }

    /// Carries out what waited for its time, and what others left undone.
    fn carry_all_due(&self) {
        let claimed = self.store.get().map(Store::claim_firings);
        match claimed {
            Ok(Ok(firings)) => firings.iter().for_each(|firing| {
                self.carry(firing);
            }),
            Ok(Err(error)) => log(&error),
            Err(error) => log(&error),
        }
    }

    /// Carries out one firing. One that fails is tried again when its claim has ended.
    fn carry(&self, firing: &Firing) -> Option<Vec<String>> {
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
            tracing::warn!(fire = ?firing.fire, "no schedule that is enabled has such a name or tag");
        } else {
            tracing::info!(?schedules, "schedules are due");
            self.waker.wake();
        }
        Some(schedules)
    }
}

fn log(error: &StoreError) {
    tracing::error!(%error, "the store cannot be used for what rules fire");
}
