//! `Ledger`: the thread that writes deliveries into the store, as many as wait in one transaction.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::{io, iter};

use tokio::sync::oneshot;

use crate::policy::PolicyDuration;
use crate::secrets::KnownSecrets;
use crate::store::{EventState, LazyStore, NewEvent, NewFiring, StoreError};

use super::delivery::Delivery;
use super::facts::EventFacts;
use super::rules::{Judged, Rules};

/// How many deliveries wait for the thread at most; whoever comes then is told to come again.
const WAITING: usize = 512;
/// How many are written in one transaction. Each waits for one flush of the disk, however many there are.
const AT_ONCE: usize = 128;

/// A delivery that is kept, and what became of it.
pub type Kept = Result<EventState, LedgerError>;

/// Why a delivery is not kept. The sender may send it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// Too many wait.
    #[error("{WAITING} deliveries wait to be written")]
    Full,
    /// The store does not take it.
    #[error("the delivery cannot be kept")]
    Store(#[source] Arc<StoreError>),
    /// The thread is gone.
    #[error("the store is closed")]
    Closed,
}

/// A delivery, and who waits for what becomes of it.
type Entry = (NewEvent, oneshot::Sender<Kept>);

/// The way to the thread. It ends when this is dropped and all that waited is written.
#[derive(Debug)]
pub struct Ledger {
    entries: SyncSender<Entry>,
}

impl Ledger {
    /// Starts the thread on a store.
    pub fn start(store: LazyStore) -> io::Result<Self> {
        let (entries, waiting) = sync_channel(WAITING);
        thread::Builder::new()
            .name("ledger".into())
            .spawn(move || write_all(&waiting, &store))?;
        Ok(Self { entries })
    }

    /// Keeps a delivery. It is on the disk when this returns.
    pub async fn keep(&self, event: NewEvent) -> Kept {
        let (tell, told) = oneshot::channel();
        match self.entries.try_send((event, tell)) {
            Ok(()) => told.await.unwrap_or(Err(LedgerError::Closed)),
            Err(TrySendError::Full(_)) => Err(LedgerError::Full),
            Err(TrySendError::Disconnected(_)) => Err(LedgerError::Closed),
        }
    }
}

/// Writes what waits, until nobody can add to it.
fn write_all(waiting: &Receiver<Entry>, store: &LazyStore) {
    while let Ok(first) = waiting.recv() {
        let rest = iter::from_fn(|| waiting.try_recv().ok());
        let batch = iter::once(first).chain(rest).take(AT_ONCE);
        let (events, tells): (Vec<NewEvent>, Vec<_>) = batch.unzip();
        let kept = store
            .get()
            .and_then(|store| store.keep_events(&events).map_err(Arc::new));
        let states: Vec<Kept> = match kept {
            Ok(states) => states.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, deliveries = events.len(), "deliveries cannot be kept");
                let refused = Err(LedgerError::Store(error));
                vec![refused; events.len()]
            }
        };
        for (tell, state) in tells.into_iter().zip(states) {
            // Whoever waited may be gone; the delivery is kept all the same.
            let _gone = tell.send(state);
        }
    }
}

/// Makes what is kept of a delivery of what the rules say of it.
pub fn new_event(
    delivery: &Delivery,
    facts: &EventFacts,
    judged: &[Judged],
    rules: &Rules,
    known: &KnownSecrets,
) -> NewEvent {
    let matched = judged.iter().filter(|judged| judged.miss.is_none());
    // Facts are made of texts and numbers, which always serialise.
    let text = serde_json::to_string(&facts.safe(known)).unwrap_or_default();
    let firings = matched.filter_map(|judged| {
        let rule = rules.get(judged.number)?;
        Some(NewFiring {
            rule: rule.key.clone(),
            fire: judged.fire.clone(),
            facts: text.clone(),
            debounce: rule.given.debounce.map(PolicyDuration::duration),
            limit: rule.given.limit.map(|rate| (rate.count(), rate.window())),
        })
    });
    NewEvent {
        source: delivery.source.as_str().into(),
        delivery: delivery.id.clone(),
        digest: delivery.digest,
        name: facts.name(),
        firings: firings.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> NewEvent {
        NewEvent {
            source: "github".into(),
            delivery: None,
            digest: [0; 32],
            name: "push".into(),
            firings: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_cannot_be_taken_is_told_to_the_sender() {
        let (entries, waiting) = sync_channel(1);
        let ledger = Ledger { entries };
        let (tell, _told) = oneshot::channel();
        ledger.entries.send((event(), tell)).unwrap();
        let full = ledger.keep(event()).await.unwrap_err();
        assert_eq!(full.to_string(), "512 deliveries wait to be written");
        drop(waiting);
        let closed = ledger.keep(event()).await.unwrap_err();
        assert_eq!(closed.to_string(), "the store is closed");
    }
}
