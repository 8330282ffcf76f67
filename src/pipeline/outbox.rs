//! `Outbox`: messages to the platform, each delivered once as far as the platform tells, in order, now or later.

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
use super::deliveries::{Deliveries, MemoryBody, Sent, address, is_kept, waits};

/// How long another process may deliver before a message is left to it or to later.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the turn is tried.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Where the task of a run is kept, besides the run itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaskKept {
    /// Nowhere: what the run does not send is lost where it cannot be kept.
    #[default]
    Nowhere,
    /// As an intent: another run sends what this one does not.
    AsIntent,
}

/// The way of messages to the platform.
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'run> {
    store: &'run LazyStore,
    clock: &'run Clock,
    secrets: &'run KnownSecrets,
    task: TaskKept,
}

impl<'run> Outbox<'run> {
    /// Makes the way for one run.
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
        }
    }

    /// Says where the task is kept that messages are made of.
    #[must_use]
    pub const fn of_task(mut self, kept: TaskKept) -> Self {
        self.task = kept;
        self
    }

    /// Commits a memory that has the name `key` for ever. What waits before it goes first.
    pub async fn memory(
        &self,
        platform: &Platform,
        key: String,
        content: &Outgoing,
        scope: &str,
    ) -> Sent {
        let body = MemoryBody {
            content: content.as_str().to_owned(),
            scope: scope.to_owned(),
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let message = message(platform, key, DeliveryKind::Memory, body);
        let mut queued = self.queue(&message);
        if let Err(error) = &queued
            && matches!(**error, StoreError::Full { .. })
        {
            // What waits before it has to go first, and makes room.
            if let Err(error) = self.flush(platform).await {
                tracing::debug!(%error, "the outbox cannot be delivered");
            }
            queued = self.queue(&message);
        }
        match queued {
            Ok((store, row)) => {
                reach(Point::MemoryQueued);
                self.deliver_in_order(store, platform, row).await
            }
            // Nobody could note that it was sent, and the run that makes up for this one would send it again.
            Err(why) if self.task == TaskKept::AsIntent => Sent::Unsent(why.told()),
            Err(why) => self.without_store(platform, &message, why.told()).await,
        }
    }

    fn queue(&self, message: &NewDelivery) -> Result<(&'run Store, Delivery), Arc<StoreError>> {
        let store = self.store.get()?;
        Ok((store, store.enqueue(message, Durability::Process)?))
    }

    /// Tells the platform what is worked on. Where that does not arrive, only the newest waits.
    pub async fn heartbeat(&self, platform: &Platform, key: String, beat: &Heartbeat) -> Sent {
        let (origin, workspace) = address(platform);
        let state = self.store.existing().and(self.store.directory());
        let at = TurnAt::Heartbeats(&origin, &workspace);
        let _turn = self.turn(state, at).await;
        reach(Point::HeartbeatBegins);
        let error = match platform.heartbeat(beat).await {
            Ok(()) => {
                reach(Point::HeartbeatSent);
                if let Some(store) = self.store.existing() {
                    // It would be sent once more, and the platform shows the same.
                    let _again = store.forget_heartbeats(&origin, &workspace);
                }
                return Sent::Arrived(None);
            }
            Err(error) => error,
        };
        if !is_kept(&error) {
            return Sent::Refused(error);
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
                waits(&error)
            }
            Err(why) => Sent::Lost(error, why),
        }
    }

    /// Delivers what waits for the platform's workspace and is due.
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
        }
    }

    /// Waits for a turn; nothing when it does not come in time.
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

    /// Delivers what waits before a memory, and then the memory.
    async fn deliver_in_order(&self, store: &Store, platform: &Platform, row: Delivery) -> Sent {
        if row.state == DeliveryState::Delivered {
            return Sent::Arrived(None);
        }
        let id = row.id;
        let message = &row.message;
        let at = TurnAt::Memories(&message.origin, &message.workspace);
        let Some(_turn) = self.turn(self.store.directory(), at).await else {
            // Whoever delivers now finds it.
            let reason = Reason::new(Code::Busy, "another process delivers what waits before it");
            return self.left(store, id, reason);
        };
        reach(Point::MemoryTurn);
        match self.deliveries(store, platform).memories(Some(id)).await {
            Ok(Some(sent)) => sent,
            Ok(None) => {
                let reason = Reason::new(Code::InOrder, "memories before it wait still");
                self.left(store, id, reason)
            }
            Err(error) => Sent::Waits(Reason::new(
                Code::StoreUnavailable,
                format!("what became of it cannot be noted: {error}"),
            )),
        }
    }

    /// Leaves a memory for later, safe from a power cut.
    fn left(&self, store: &Store, id: i64, reason: Reason) -> Sent {
        let now = self.clock.now();
        let state = match store.delivery(id) {
            Ok(Some(row)) if row.state == DeliveryState::Delivered => return Sent::Arrived(None),
            Ok(Some(row)) => row.state,
            _ => DeliveryState::Waiting,
        };
        if let Err(error) = store.postpone_delivery(id, state, reason.code.as_str(), now) {
            tracing::debug!(%error, "a memory was not put off");
        }
        Sent::Waits(reason)
    }

    /// Sends a memory once that cannot be kept first; where it does not arrive, the spool takes it.
    async fn without_store(&self, platform: &Platform, message: &NewDelivery, why: String) -> Sent {
        let body = serde_json::from_str::<MemoryBody>(&message.body);
        let Ok(body) = body else {
            let error = PlatformError::new(PlatformErrorClass::Refused, "the memory is no text");
            return Sent::Lost(error, why);
        };
        let sent = platform
            .commit_memory(
                &message.key,
                &self.secrets.outgoing(&body.content),
                &body.scope,
            )
            .await;
        let error = match sent {
            Ok(id) => return Sent::Arrived(id),
            Err(error) if is_kept(&error) => error,
            Err(error) => return Sent::Refused(error),
        };
        let Some(directory) = self.store.directory() else {
            return Sent::Lost(error, why);
        };
        match Spool::below(directory).and_then(|spool| spool.append(message)) {
            Ok(()) => waits(&error),
            Err(full @ StoreError::SpoolFull { .. }) => Sent::Lost(error, format!("{why}; {full}")),
            // What is wrong with the store's directory was said.
            Err(_) => Sent::Lost(error, why),
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
