//! `Outbox`: messages to the platform, each delivered once as far as the platform tells, in order, now or later.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::failpoint::{Point, reach};
use crate::platform::{Heartbeat, Memory, Platform, PlatformError, PlatformErrorClass};
use crate::reason::{Code, Reason};
use crate::secrets::{KnownSecrets, Outgoing};
use crate::store::{
    Delivery, DeliveryKind, DeliveryState, Durability, LazyStore, NewDelivery, Spool, Store,
    StoreError, Turn, TurnAt,
};

use super::backoff::{try_again_at, wait_until};

/// How long another process may deliver before a message is left to it or to later.
const TURN_PATIENCE: Duration = Duration::from_secs(2);
/// How often the turn is tried.
const TICK: Duration = Duration::from_millis(10);
/// How far the platform's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// How often a workspace that the platform does not know is asked for.
const TRIES_OF_AN_UNKNOWN_WORKSPACE: u32 = 5;

/// The way of messages to the platform.
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'run> {
    store: &'run LazyStore,
    clock: &'run Clock,
    secrets: &'run KnownSecrets,
}

/// What became of a message.
#[derive(Debug)]
pub enum Sent {
    /// It arrived; the platform's id for it, where it gave one.
    Arrived(Option<String>),
    /// It waits.
    Waits(Reason),
    /// It will not be tried again.
    Refused(PlatformError),
    /// It was not sent, and it cannot be kept.
    Lost(PlatformError, String),
}

/// The body of a memory.
#[derive(Debug, Serialize, Deserialize)]
struct MemoryBody {
    content: String,
    scope: String,
}

/// The body of a heartbeat.
#[derive(Debug, Deserialize)]
struct BeatBody {
    current_task: String,
    active_tasks: u64,
    error_rate: f64,
    sample_error: String,
    uptime_seconds: u64,
}

impl BeatBody {
    /// Makes it fit to leave once more: a secret may have been learned since.
    fn outgoing(self, secrets: &KnownSecrets) -> Heartbeat {
        Heartbeat {
            current_task: secrets.outgoing(&self.current_task),
            active_tasks: self.active_tasks,
            error_rate: self.error_rate,
            sample_error: secrets.outgoing(&self.sample_error),
            uptime_seconds: self.uptime_seconds,
        }
    }
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
        }
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
        let queued = self.store.get().map_err(ToString::to_string);
        let queued = queued.and_then(|store| {
            let queued = store.enqueue(&message, Durability::Process);
            queued
                .map(|row| (store, row))
                .map_err(|error| error.to_string())
        });
        match queued {
            Ok((store, row)) => {
                reach(Point::MemoryQueued);
                self.deliver_in_order(store, platform, row).await
            }
            Err(why) => self.without_store(platform, &message, why).await,
        }
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
        let kept = self.store.get().map_err(ToString::to_string);
        let kept = kept.and_then(|store| {
            let row = store.enqueue(&message, Durability::PowerCut);
            let row = row.map_err(|error| error.to_string())?;
            let again = try_again_at(self.clock.now(), 1, error.not_before);
            store
                .postpone_delivery(row.id, DeliveryState::Waiting, error.code().as_str(), again)
                .map_err(|error| error.to_string())
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
            self.deliver_memories(store, platform, None).await?;
        }
        if let Some(_turn) = self
            .turn(state, TurnAt::Heartbeats(&origin, &workspace))
            .await
        {
            self.deliver_heartbeats(store, platform).await?;
        }
        Ok(())
    }

    /// Waits for a turn; nothing when it does not come in time.
    async fn turn(&self, state: Option<&std::path::Path>, at: TurnAt<'_>) -> Option<Turn> {
        let began = Instant::now();
        loop {
            match Turn::take(state, at) {
                Ok(Some(turn)) => return Some(turn),
                Ok(None) if began.elapsed() < TURN_PATIENCE => tokio::time::sleep(TICK).await,
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
        match self.deliver_memories(store, platform, Some(id)).await {
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

    /// Delivers memories in order, up to `last` where it is named; the first that does not arrive ends it.
    /// Returns what became of `last`.
    async fn deliver_memories(
        &self,
        store: &Store,
        platform: &Platform,
        last: Option<i64>,
    ) -> Result<Option<Sent>, StoreError> {
        let (origin, workspace) = address(platform);
        for row in store.waiting_deliveries(&origin, &workspace)? {
            if row.message.kind != DeliveryKind::Memory {
                continue;
            }
            let is_last = last == Some(row.id);
            if !is_last && !wait_until(self.clock.now(), row.not_before).is_zero() {
                return Ok(None);
            }
            let sent = self.deliver(store, platform, &row).await?;
            let ends = matches!(sent, Sent::Waits(_) | Sent::Lost(..));
            if is_last {
                return Ok(Some(sent));
            }
            if ends {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn deliver_heartbeats(
        &self,
        store: &Store,
        platform: &Platform,
    ) -> Result<(), StoreError> {
        let (origin, workspace) = address(platform);
        for row in store.waiting_deliveries(&origin, &workspace)? {
            let is_due = wait_until(self.clock.now(), row.not_before).is_zero();
            if row.message.kind != DeliveryKind::Heartbeat || !is_due {
                continue;
            }
            let beat = serde_json::from_str::<BeatBody>(&row.message.body);
            let Some(beat) = beat.ok().filter(|_| !row.altered) else {
                store.settle_delivery(&row, DeliveryState::Dead, Some(Code::Altered.as_str()))?;
                continue;
            };
            store.begin_delivery(row.id)?;
            match platform.heartbeat(&beat.outgoing(self.secrets)).await {
                Ok(()) => store.settle_delivery(&row, DeliveryState::Delivered, None)?,
                Err(error) if is_kept(&error) => {
                    let again = try_again_at(self.clock.now(), row.attempts + 1, error.not_before);
                    store.postpone_delivery(
                        row.id,
                        DeliveryState::Waiting,
                        error.code().as_str(),
                        again,
                    )?;
                }
                Err(error) => {
                    store.settle_delivery(
                        &row,
                        DeliveryState::Dead,
                        Some(error.code().as_str()),
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Delivers one memory, or finds that it arrived before.
    async fn deliver(
        &self,
        store: &Store,
        platform: &Platform,
        row: &Delivery,
    ) -> Result<Sent, StoreError> {
        let body = serde_json::from_str::<MemoryBody>(&row.message.body);
        let Some(body) = body.ok().filter(|_| !row.altered) else {
            store.settle_delivery(row, DeliveryState::Dead, Some(Code::Altered.as_str()))?;
            let message = "the row was changed by hand";
            return Ok(Sent::Refused(PlatformError::new(
                PlatformErrorClass::Refused,
                message,
            )));
        };
        if row.state == DeliveryState::Unsure {
            let arrived = self.has_arrived(store, platform, row, &body).await;
            reach(Point::MemoryCompared);
            match arrived {
                Ok(true) => {
                    store.settle_delivery(row, DeliveryState::Delivered, Some("found"))?;
                    return Ok(Sent::Arrived(None));
                }
                Ok(false) => {}
                Err(error) => return self.put_off(store, row, DeliveryState::Unsure, error),
            }
        }
        store.begin_delivery(row.id)?;
        reach(Point::MemoryBegun);
        let sent = platform
            .commit_memory(
                &row.message.key,
                &self.secrets.outgoing(&body.content),
                &body.scope,
            )
            .await;
        match sent {
            Ok(id) => {
                reach(Point::MemorySent);
                store.settle_delivery(row, DeliveryState::Delivered, None)?;
                reach(Point::MemorySettled);
                Ok(Sent::Arrived(id))
            }
            Err(error) => {
                let state = if error.may_have_arrived {
                    DeliveryState::Unsure
                } else {
                    DeliveryState::Waiting
                };
                self.put_off(store, row, state, error)
            }
        }
    }

    /// Puts a memory off, or gives it up where another try would say the same.
    fn put_off(
        &self,
        store: &Store,
        row: &Delivery,
        state: DeliveryState,
        error: PlatformError,
    ) -> Result<Sent, StoreError> {
        let attempts = row.attempts + 1;
        let is_unknown = error.class == PlatformErrorClass::WorkspaceUnknown
            && attempts < TRIES_OF_AN_UNKNOWN_WORKSPACE;
        if !is_kept(&error) && !is_unknown {
            store.settle_delivery(row, DeliveryState::Dead, Some(error.code().as_str()))?;
            return Ok(Sent::Refused(error));
        }
        let again = try_again_at(self.clock.now(), attempts, error.not_before);
        store.postpone_delivery(row.id, state, error.code().as_str(), again)?;
        reach(Point::MemoryPostponed);
        Ok(waits(&error))
    }

    /// Asks the platform whether a memory that was sent before is there. Others of the same text are
    /// told apart by how many of them we know to have arrived.
    async fn has_arrived(
        &self,
        store: &Store,
        platform: &Platform,
        row: &Delivery,
        body: &MemoryBody,
    ) -> Result<bool, PlatformError> {
        let since = row.first_sent_at.unwrap_or(row.created_at) - SKEW;
        let is_like = |memory: &Memory| {
            memory.content.as_deref() == Some(&body.content)
                && memory
                    .scope
                    .as_deref()
                    .is_none_or(|scope| scope == body.scope)
                && created_at(memory).is_none_or(|at| at >= since)
        };
        let there = platform.recall(usize::MAX).await?;
        let there = there.iter().filter(|memory| is_like(memory)).count();
        let known = store.delivered_like(row, since).unwrap_or(0);
        Ok(u64::try_from(there).unwrap_or(u64::MAX) > known)
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
        let spooled = Spool::below(directory).map_err(|error| error.to_string());
        let spooled = spooled.and_then(|spool| spool.append(message).map_err(|e| e.to_string()));
        match spooled {
            Ok(()) => waits(&error),
            Err(_) => Sent::Lost(error, why),
        }
    }
}

/// Says whether another try can succeed: a passing failure, or a token that somebody has to renew.
fn is_kept(error: &PlatformError) -> bool {
    error.is_transient() || error.class == PlatformErrorClass::Auth
}

fn waits(error: &PlatformError) -> Sent {
    Sent::Waits(Reason::new(error.code(), error.to_string()))
}

fn address(platform: &Platform) -> (String, String) {
    (
        platform.origin().to_string(),
        platform.workspace_id().to_owned(),
    )
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

fn created_at(memory: &Memory) -> Option<Timestamp> {
    memory.created_at.as_deref()?.parse().ok()
}
