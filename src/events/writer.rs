//! `EventWriter`: a thread that writes deliveries into the store, all that wait in one transaction.

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
use super::rules::{RuleResult, Rules};

/// The most deliveries that wait for the thread. Further ones are refused, and can be sent again.
const MAX_QUEUED: usize = 512;
/// The most deliveries in one transaction. A transaction costs one flush of the disk, however many there are.
const MAX_BATCH: usize = 128;

/// The state of a stored delivery, or why it is not stored.
pub type WriteResult = Result<EventState, EventWriteError>;

/// Why a delivery is not stored. The sender can send it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EventWriteError {
    /// The queue is full.
    #[error("{MAX_QUEUED} deliveries wait to be written")]
    Full,
    /// The store failed.
    #[error("the delivery cannot be kept")]
    Store(#[source] Arc<StoreError>),
    /// The thread has ended.
    #[error("the store is closed")]
    Closed,
}

/// A delivery, and the channel for its result.
type Entry = (NewEvent, oneshot::Sender<WriteResult>);

/// The queue of the thread, which ends when this is dropped and the queue is written.
#[derive(Debug)]
pub struct EventWriter {
    entries: SyncSender<Entry>,
}

impl EventWriter {
    /// Starts the thread on a store.
    pub fn start(store: LazyStore) -> io::Result<Self> {
        let (entries, waiting) = sync_channel(MAX_QUEUED);
        thread::Builder::new()
            .name("ledger".into())
            .spawn(move || write_all(&waiting, &store))?;
        Ok(Self { entries })
    }

    /// Stores a delivery. It is on the disk when this returns.
    pub async fn keep(&self, event: NewEvent) -> WriteResult {
        let (tell, told) = oneshot::channel();
        match self.entries.try_send((event, tell)) {
            Ok(()) => told.await.unwrap_or(Err(EventWriteError::Closed)),
            Err(TrySendError::Full(_)) => Err(EventWriteError::Full),
            Err(TrySendError::Disconnected(_)) => Err(EventWriteError::Closed),
        }
    }
}

/// Writes deliveries until the queue is closed.
fn write_all(waiting: &Receiver<Entry>, store: &LazyStore) {
    while let Ok(first) = waiting.recv() {
        let rest = iter::from_fn(|| waiting.try_recv().ok());
        let batch = iter::once(first).chain(rest).take(MAX_BATCH);
        let (events, tells): (Vec<NewEvent>, Vec<_>) = batch.unzip();
        let kept = store
            .get()
            .and_then(|store| store.keep_events(&events).map_err(Arc::new));
        let states: Vec<WriteResult> = match kept {
            Ok(states) => states.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, deliveries = events.len(), "deliveries cannot be kept");
                let refused = Err(EventWriteError::Store(error));
                vec![refused; events.len()]
            }
        };
        for (tell, state) in tells.into_iter().zip(states) {
            // The receiver can be gone; the delivery is stored all the same.
            let _gone = tell.send(state);
        }
    }
}

/// Makes the stored form of a delivery, from the results of the rules.
pub fn new_event(
    delivery: &Delivery,
    facts: &EventFacts,
    judged: &[RuleResult],
    rules: &Rules,
    known: &KnownSecrets,
) -> NewEvent {
    let matched = judged.iter().filter(|judged| judged.mismatch.is_none());
    // Serialising texts and numbers cannot fail.
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
    async fn a_delivery_that_cannot_be_queued_is_an_error() {
        let (entries, waiting) = sync_channel(1);
        let ledger = EventWriter { entries };
        let (tell, _told) = oneshot::channel();
        ledger.entries.send((event(), tell)).unwrap();
        let full = ledger.keep(event()).await.unwrap_err();
        assert_eq!(full.to_string(), "512 deliveries wait to be written");
        drop(waiting);
        let closed = ledger.keep(event()).await.unwrap_err();
        assert_eq!(closed.to_string(), "the store is closed");
    }
}
