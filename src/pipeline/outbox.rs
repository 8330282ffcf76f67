//! `Outbox`: messages to the platform, delivered in order, now or later, and once as far as the platform can tell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::failpoint::{Point, reach};
use crate::platform::{Heartbeat, Platform, PlatformError, PlatformErrorClass};
use crate::reason::{Code, Reason};
use crate::secrets::{KnownSecrets, Outgoing};
use crate::store::{
    Delivery, DeliveryKind, DeliveryState, Durability, LazyStore, NewDelivery, Spool, Store,
    StoreError, Turn, TurnAt,
};

use super::backoff::try_again_at;
use super::deliveries::{Deliveries, DeliveryOutcome, address, is_kept, queued};
use super::message_bodies::MemoryBody;

/// How long to wait for another process that delivers, before a message is left in the queue.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
/// The interval at which the lock is tried.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Whether the task of a run is stored outside the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaskKept {
    /// It is not: a message that is neither sent nor stored is lost.
    #[default]
    Nowhere,
    /// It is, as an intent: another run sends what this one does not.
    AsIntent,
}

/// Sends messages to the platform, or queues them.
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'run> {
    store: &'run LazyStore,
    clock: &'run Clock,
    secrets: &'run KnownSecrets,
    task: TaskKept,
    patience: Option<Duration>,
}

impl<'run> Outbox<'run> {
    /// Makes the outbox of one run.
    pub const fn new(
        store: &'run LazyStore,
        clock: &'run Clock,
        secrets: &'run KnownSecrets,
    ) -> Self {
        Self {
            store,
            clock,
            secrets,
            task: TaskKept::Nowhere,
            patience: None,
        }
    }

    /// Sets how long the delivery of one message may take, where no step's own limit ends it.
    #[must_use]
    pub const fn each_within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Sets whether the task that the messages are made of is stored.
    #[must_use]
    pub const fn of_task(mut self, kept: TaskKept) -> Self {
        self.task = kept;
        self
    }

    /// Commits a memory with the key `key`, after those that wait before it.
    pub async fn memory(
        &self,
        platform: &Platform,
        key: String,
        content: &Outgoing,
        scope: &str,
    ) -> DeliveryOutcome {
        let body = MemoryBody {
            content: content.as_str().to_owned(),
            scope: scope.to_owned(),
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let message = message(platform, key, DeliveryKind::Memory, body);
        let mut row = self.queue(&message);
        if let Err(error) = &row
            && matches!(**error, StoreError::Full { .. })
        {
            // The memories before it are sent first anyway, which makes room.
            if let Err(error) = self.flush(platform).await {
                tracing::debug!(%error, "the outbox cannot be delivered");
            }
            row = self.queue(&message);
        }
        match row {
            Ok((store, row)) => {
                reach(Point::MemoryQueued);
                self.deliver_in_order(store, platform, row).await
            }
            // That it was sent could not be recorded, so the run that repeats this one would send it again.
            Err(why) if self.task == TaskKept::AsIntent => DeliveryOutcome::NotSent(why.told()),
            Err(why) => self.without_store(platform, &message, why.told()).await,
        }
    }

    fn queue(&self, message: &NewDelivery) -> Result<(&'run Store, Delivery), Arc<StoreError>> {
        let store = self.store.get()?;
        Ok((store, store.enqueue(message, Durability::Process)?))
    }

    /// Sends a heartbeat. One that is not delivered is queued, in place of an older one.
    pub async fn heartbeat(
        &self,
        platform: &Platform,
        key: String,
        beat: &Heartbeat,
    ) -> DeliveryOutcome {
        let (origin, workspace) = address(platform);
        let state = self.store.existing().and(self.store.directory());
        let at = TurnAt::Heartbeats(&origin, &workspace);
        let _turn = self.turn(state, at).await;
        reach(Point::HeartbeatBegins);
        let error = match platform.heartbeat(beat).await {
            Ok(()) => {
                reach(Point::HeartbeatSent);
                if let Some(store) = self.store.existing() {
                    // If this fails the heartbeat is sent twice, which changes nothing.
                    let _again = store.forget_heartbeats(&origin, &workspace);
                }
                return DeliveryOutcome::Delivered(None);
            }
            Err(error) => error,
        };
        if !is_kept(&error) {
            return DeliveryOutcome::Refused(error);
        }
        let body = serde_json::to_string(beat).unwrap_or_default();
        let message = message(platform, key, DeliveryKind::Heartbeat, body);
        let kept = self.store.get().map_err(|error| error.told());
        let kept = kept.and_then(|store| {
            let row = store.enqueue(&message, Durability::PowerCut);
            let row = row.map_err(|error| error.told())?;
            let again = try_again_at(self.clock.now(), 1, error.not_before);
            store
                .postpone_delivery(row.id, DeliveryState::Waiting, error.code().as_str(), again)
                .map_err(|error| error.told())
        });
        match kept {
            Ok(()) => {
                reach(Point::HeartbeatQueued);
                queued(&error)
            }
            Err(why) => DeliveryOutcome::NotKept(error, why),
        }
    }

    /// Delivers the messages for the platform's workspace that are due.
    pub async fn flush(&self, platform: &Platform) -> Result<(), StoreError> {
        let Some(store) = self.store.existing() else {
            return Ok(());
        };
        reach(Point::FlushBegins);
        store.bury_old_deliveries()?;
        let (origin, workspace) = address(platform);
        if store.waiting_deliveries(&origin, &workspace)?.is_empty() {
            return Ok(());
        }
        let state = self.store.directory();
        if let Some(_turn) = self
            .turn(state, TurnAt::Memories(&origin, &workspace))
            .await
        {
            self.deliveries(store, platform).memories(None).await?;
        }
        if let Some(_turn) = self
            .turn(state, TurnAt::Heartbeats(&origin, &workspace))
            .await
        {
            self.deliveries(store, platform).heartbeats().await?;
        }
        Ok(())
    }

    const fn deliveries<'a>(&'a self, store: &'a Store, platform: &'a Platform) -> Deliveries<'a> {
        Deliveries {
            store,
            platform,
            clock: self.clock,
            secrets: self.secrets,
            patience: self.patience,
        }
    }

    /// Waits for a turn, for [`TURN_TIMEOUT`]; `None` when another process keeps it.
    async fn turn(&self, state: Option<&std::path::Path>, at: TurnAt<'_>) -> Option<Turn> {
        let began = Instant::now();
        loop {
            match Turn::take(state, at) {
                Ok(Some(turn)) => return Some(turn),
                Ok(None) if began.elapsed() < TURN_TIMEOUT => {
                    tokio::time::sleep(CHECK_INTERVAL).await;
                }
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!(%error, "a lock cannot be taken");
                    return None;
                }
            }
        }
    }

    /// Delivers the memories before a memory, and then the memory.
    async fn deliver_in_order(
        &self,
        store: &Store,
        platform: &Platform,
        row: Delivery,
    ) -> DeliveryOutcome {
        if row.state == DeliveryState::Delivered {
            return DeliveryOutcome::Delivered(None);
        }
        let id = row.id;
        let message = &row.message;
        let at = TurnAt::Memories(&message.origin, &message.workspace);
        let Some(_turn) = self.turn(self.store.directory(), at).await else {
            // The process that delivers now sends it too.
            let reason = Reason::new(Code::Busy, "another process delivers what waits before it");
            return self.left(store, id, reason);
        };
        reach(Point::MemoryTurn);
        match self.deliveries(store, platform).memories(Some(id)).await {
            Ok(Some(sent)) => sent,
            Ok(None) => {
                let reason = Reason::new(Code::InOrder, "memories before it are still waiting");
                self.left(store, id, reason)
            }
            Err(error) => DeliveryOutcome::Queued(Reason::new(
                Code::StoreUnavailable,
                format!("its result cannot be recorded: {error}"),
            )),
        }
    }

    /// Leaves a memory in the queue, on the disk.
    fn left(&self, store: &Store, id: i64, reason: Reason) -> DeliveryOutcome {
        let now = self.clock.now();
        let state = match store.delivery(id) {
            Ok(Some(row)) if row.state == DeliveryState::Delivered => {
                return DeliveryOutcome::Delivered(None);
            }
            Ok(Some(row)) => row.state,
            _ => DeliveryState::Waiting,
        };
        if let Err(error) = store.postpone_delivery(id, state, reason.code.as_str(), now) {
            tracing::debug!(%error, "a memory was not put off");
        }
        DeliveryOutcome::Queued(reason)
    }

    /// Sends a memory that could not be stored first. If it is not delivered, it is written to the spool file.
    async fn without_store(
        &self,
        platform: &Platform,
        message: &NewDelivery,
        why: String,
    ) -> DeliveryOutcome {
        let body = serde_json::from_str::<MemoryBody>(&message.body);
        let Ok(body) = body else {
            let error = PlatformError::new(PlatformErrorClass::Refused, "the memory is no text");
            return DeliveryOutcome::NotKept(error, why);
        };
        let sent = platform
            .commit_memory(
                &message.key,
                &self.secrets.outgoing(&body.content),
                &body.scope,
            )
            .await;
        let error = match sent {
            Ok(id) => return DeliveryOutcome::Delivered(id),
            Err(error) if is_kept(&error) => error,
            Err(error) => return DeliveryOutcome::Refused(error),
        };
        let Some(directory) = self.store.directory() else {
            return DeliveryOutcome::NotKept(error, why);
        };
        match Spool::below(directory).and_then(|spool| spool.append(message)) {
            Ok(()) => queued(&error),
            Err(full @ StoreError::SpoolFull { .. }) => {
                DeliveryOutcome::NotKept(error, format!("{why}; {full}"))
            }
            // `why` describes the problem of the directory already.
            Err(_) => DeliveryOutcome::NotKept(error, why),
        }
    }
}

fn message(platform: &Platform, key: String, kind: DeliveryKind, body: String) -> NewDelivery {
    let (origin, workspace) = address(platform);
    NewDelivery {
        key,
        kind,
        origin,
        workspace,
        body,
    }
}
