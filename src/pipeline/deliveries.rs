//! `Deliveries`: delivers what the store holds for one workspace of the platform, in order.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::failpoint::{Point, reach};
use crate::platform::{Heartbeat, Memory, Platform, PlatformError, PlatformErrorClass};
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;
use crate::store::{Delivery, DeliveryKind, DeliveryState, Store, StoreError};

use super::backoff::{try_again_at, wait_until};

/// How far the platform's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// How often a workspace that the platform does not know is asked for.
const TRIES_OF_AN_UNKNOWN_WORKSPACE: u32 = 5;

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
    /// It was not sent, because it could not be kept first, and its task is kept.
    Unsent(String),
}

/// The body of a memory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MemoryBody {
    pub(super) content: String,
    pub(super) scope: String,
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

/// What waits for the platform's workspace. Its turn is taken by whoever makes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deliveries<'a> {
    pub(super) store: &'a Store,
    pub(super) platform: &'a Platform,
    pub(super) clock: &'a Clock,
    pub(super) secrets: &'a KnownSecrets,
}

impl Deliveries<'_> {
    /// Delivers memories in order, up to `last` where it is named; the first that does not arrive ends it.
    /// Returns what became of `last`.
    pub(super) async fn memories(&self, last: Option<i64>) -> Result<Option<Sent>, StoreError> {
        let (origin, workspace) = address(self.platform);
        for row in self.store.waiting_deliveries(&origin, &workspace)? {
            if row.message.kind != DeliveryKind::Memory {
                continue;
            }
            let is_last = last == Some(row.id);
            if !is_last && !wait_until(self.clock.now(), row.not_before).is_zero() {
                return Ok(None);
            }
            let sent = self.deliver(&row).await?;
            let ends = matches!(sent, Sent::Waits(_) | Sent::Lost(..) | Sent::Unsent(_));
            if is_last {
                return Ok(Some(sent));
            }
            if ends {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Delivers the heartbeats that are due.
    pub(super) async fn heartbeats(&self) -> Result<(), StoreError> {
        let (origin, workspace) = address(self.platform);
        for row in self.store.waiting_deliveries(&origin, &workspace)? {
            let is_due = wait_until(self.clock.now(), row.not_before).is_zero();
            if row.message.kind != DeliveryKind::Heartbeat || !is_due {
                continue;
            }
            let beat = serde_json::from_str::<BeatBody>(&row.message.body);
            let Some(beat) = beat.ok().filter(|_| !row.altered) else {
                self.store.settle_delivery(
                    &row,
                    DeliveryState::Dead,
                    Some(Code::Altered.as_str()),
                )?;
                continue;
            };
            self.store.begin_delivery(row.id)?;
            match self.platform.heartbeat(&beat.outgoing(self.secrets)).await {
                Ok(()) => self
                    .store
                    .settle_delivery(&row, DeliveryState::Delivered, None)?,
                Err(error) if is_kept(&error) => {
                    let again = try_again_at(self.clock.now(), row.attempts + 1, error.not_before);
                    self.store.postpone_delivery(
                        row.id,
                        DeliveryState::Waiting,
                        error.code().as_str(),
                        again,
                    )?;
                }
                Err(error) => {
                    self.store.settle_delivery(
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
    async fn deliver(&self, row: &Delivery) -> Result<Sent, StoreError> {
        let body = serde_json::from_str::<MemoryBody>(&row.message.body);
        let Some(body) = body.ok().filter(|_| !row.altered) else {
            self.store
                .settle_delivery(row, DeliveryState::Dead, Some(Code::Altered.as_str()))?;
            let message = "the row was changed by hand";
            return Ok(Sent::Refused(PlatformError::new(
                PlatformErrorClass::Refused,
                message,
            )));
        };
        if row.state == DeliveryState::Unsure {
            let arrived = self.has_arrived(row, &body).await;
            reach(Point::MemoryCompared);
            match arrived {
                Ok(true) => {
                    self.store
                        .settle_delivery(row, DeliveryState::Delivered, Some("found"))?;
                    return Ok(Sent::Arrived(None));
                }
                Ok(false) => {}
                Err(error) => return self.put_off(row, DeliveryState::Unsure, error),
            }
        }
        self.store.begin_delivery(row.id)?;
        reach(Point::MemoryBegun);
        let sent = self
            .platform
            .commit_memory(
                &row.message.key,
                &self.secrets.outgoing(&body.content),
                &body.scope,
            )
            .await;
        match sent {
            Ok(id) => {
                reach(Point::MemorySent);
                self.store
                    .settle_delivery(row, DeliveryState::Delivered, None)?;
                reach(Point::MemorySettled);
                Ok(Sent::Arrived(id))
            }
            Err(error) => {
                let state = if error.may_have_arrived {
                    DeliveryState::Unsure
                } else {
                    DeliveryState::Waiting
                };
                self.put_off(row, state, error)
            }
        }
    }

    /// Puts a memory off, or gives it up where another try would say the same.
    fn put_off(
        &self,
        row: &Delivery,
        state: DeliveryState,
        error: PlatformError,
    ) -> Result<Sent, StoreError> {
        let attempts = row.attempts + 1;
        let is_unknown = error.class == PlatformErrorClass::WorkspaceUnknown
            && attempts < TRIES_OF_AN_UNKNOWN_WORKSPACE;
        if !is_kept(&error) && !is_unknown {
            self.store
                .settle_delivery(row, DeliveryState::Dead, Some(error.code().as_str()))?;
            return Ok(Sent::Refused(error));
        }
        let again = try_again_at(self.clock.now(), attempts, error.not_before);
        self.store
            .postpone_delivery(row.id, state, error.code().as_str(), again)?;
        reach(Point::MemoryPostponed);
        Ok(waits(&error))
    }

    /// Asks the platform whether a memory that was sent before is there. Others of the same text are
    /// told apart by how many of them we know to have arrived.
    async fn has_arrived(&self, row: &Delivery, body: &MemoryBody) -> Result<bool, PlatformError> {
        let (there, ahead) = self.platform.recall_with_clock(usize::MAX).await?;
        let sent = row.first_sent_at.unwrap_or(row.created_at);
        let since = plausible(sent, self.clock.now()) - SKEW;
        // The platform's times are of its own clock.
        let since_there = since.checked_add(ahead).unwrap_or(since);
        let is_like = |memory: &Memory| {
            memory.content.as_deref() == Some(&body.content)
                && memory
                    .scope
                    .as_deref()
                    .is_none_or(|scope| scope == body.scope)
                && created_at(memory).is_none_or(|at| at >= since_there)
        };
        let there = there.iter().filter(|memory| is_like(memory)).count();
        let known = self.store.delivered_like(row, since).unwrap_or(0);
        Ok(u64::try_from(there).unwrap_or(u64::MAX) > known)
    }
}

/// Says whether another try can succeed: a passing failure, or a token that somebody has to renew or to
/// put where it can be read.
pub(super) fn is_kept(error: &PlatformError) -> bool {
    let of_token = matches!(
        error.class,
        PlatformErrorClass::Auth | PlatformErrorClass::TokenFile | PlatformErrorClass::TokenUnbound
    );
    of_token || error.is_transient()
}

/// Returns that a message waits, and why.
pub(super) fn waits(error: &PlatformError) -> Sent {
    Sent::Waits(Reason::new(error.code(), error.to_string()))
}

/// Returns where a platform's messages go: its origin and the workspace.
pub(super) fn address(platform: &Platform) -> (String, String) {
    (
        platform.origin().to_string(),
        platform.workspace_id().to_owned(),
    )
}

/// Returns when something was sent; at most a day ago where a clock that jumped says that it was not sent yet.
fn plausible(sent: Timestamp, now: Timestamp) -> Timestamp {
    let is_ahead = sent.duration_since(now) > SKEW;
    let day = now.checked_sub(SignedDuration::from_hours(24));
    day.ok().filter(|_| is_ahead).unwrap_or(sent)
}

fn created_at(memory: &Memory) -> Option<Timestamp> {
    memory.created_at.as_deref()?.parse().ok()
}
