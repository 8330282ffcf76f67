//! `Deliveries`: delivers the stored messages for one workspace of the platform, in order.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::failpoint::{Point, reach};
use crate::http::HttpErrorClass;
use crate::platform::{Memory, Platform, PlatformError, PlatformErrorClass};
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;
use crate::store::{Delivery, DeliveryKind, DeliveryState, Store, StoreError};

use super::backoff::{try_again_at, wait_until};
use super::message_bodies::{HeartbeatBody, MemoryBody};

/// How far the platform's clock can be behind ours.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(5);
/// What lets a message out that waits because it would go without encryption. Https is another origin, and a message goes to its
/// own one only.
const ALLOW_PLAIN_HTTP: &str =
    "list the host in `network.allow-http` in the user's policy if its network is yours";
/// How often a message for a workspace that the platform does not know is tried.
const MAX_TRIES_OF_UNKNOWN_WORKSPACE: u32 = 5;

/// What became of a message.
#[derive(Debug)]
pub enum DeliveryOutcome {
    /// It was delivered; the platform's id for it, where it sent one.
    Delivered(Option<String>),
    /// It is queued for a later try.
    Queued(Reason),
    /// The platform refused it, and it is not tried again.
    Refused(PlatformError),
    /// It was not delivered, and it could not be stored; the text says why.
    NotKept(PlatformError, String),
    /// It was not sent, because it could not be stored first. Its task is stored, and another run sends it.
    NotSent(String),
}

/// The messages for the platform's workspace. The caller must hold the turn for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deliveries<'a> {
    pub(super) store: &'a Store,
    pub(super) platform: &'a Platform,
    pub(super) clock: &'a Clock,
    pub(super) secrets: &'a KnownSecrets,
    /// How long one delivery may take; the caller's business where there is none.
    pub(super) patience: Option<Duration>,
}

impl Deliveries<'_> {
    /// Delivers memories in order, up to `last` if one is given. Stops at the first that is not delivered.
    /// Returns the outcome of `last`.
    pub(super) async fn memories(
        &self,
        last: Option<i64>,
    ) -> Result<Option<DeliveryOutcome>, StoreError> {
        let (origin, workspace) = address(self.platform);
        for row in self.store.waiting_deliveries(&origin, &workspace)? {
            if row.message.kind != DeliveryKind::Memory {
                continue;
            }
            let is_last = last == Some(row.id);
            if !is_last && !wait_until(self.clock.now(), row.not_before).is_zero() {
                return Ok(None);
            }
            let Some(sent) = self.in_time(self.deliver(&row)).await else {
                self.give_back(&row)?;
                return Ok(None);
            };
            let sent = sent?;
            let ends = matches!(
                sent,
                DeliveryOutcome::Queued(_)
                    | DeliveryOutcome::NotKept(..)
                    | DeliveryOutcome::NotSent(_)
            );
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
            let beat = serde_json::from_str::<HeartbeatBody>(&row.message.body);
            let Some(beat) = beat.ok().filter(|_| !row.altered) else {
                self.store.settle_delivery(
                    &row,
                    DeliveryState::Dead,
                    Some(Code::Altered.as_str()),
                )?;
                continue;
            };
            self.store.begin_delivery(row.id)?;
            let beat = beat.outgoing(self.secrets);
            let Some(sent) = self.in_time(self.platform.heartbeat(&beat)).await else {
                return self.give_back(&row);
            };
            match sent {
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

    /// Waits for a delivery, for as long as it may take.
    async fn in_time<T>(&self, delivery: impl Future<Output = T>) -> Option<T> {
        match self.patience {
            Some(patience) => tokio::time::timeout(patience, delivery).await.ok(),
            None => Some(delivery.await),
        }
    }

    /// Postpones a message whose delivery took too long. Whether it arrived is as known as before.
    fn give_back(&self, row: &Delivery) -> Result<(), StoreError> {
        let now = self.store.delivery(row.id)?;
        let state = now.map_or(row.state, |row| row.state);
        let again = try_again_at(self.clock.now(), row.attempts + 1, None);
        self.store
            .postpone_delivery(row.id, state, Code::Timeout.as_str(), again)
    }

    /// Delivers one memory, unless the platform has it already.
    async fn deliver(&self, row: &Delivery) -> Result<DeliveryOutcome, StoreError> {
        let body = serde_json::from_str::<MemoryBody>(&row.message.body);
        let Some(body) = body.ok().filter(|_| !row.altered) else {
            self.store
                .settle_delivery(row, DeliveryState::Dead, Some(Code::Altered.as_str()))?;
            let message = "the row was changed by hand";
            return Ok(DeliveryOutcome::Refused(PlatformError::new(
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
                    return Ok(DeliveryOutcome::Delivered(None));
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
                Ok(DeliveryOutcome::Delivered(id))
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

    /// Postpones a memory, or gives it up where a retry cannot succeed.
    fn put_off(
        &self,
        row: &Delivery,
        state: DeliveryState,
        error: PlatformError,
    ) -> Result<DeliveryOutcome, StoreError> {
        let attempts = row.attempts + 1;
        let is_unknown = error.class == PlatformErrorClass::WorkspaceUnknown
            && attempts < MAX_TRIES_OF_UNKNOWN_WORKSPACE;
        if !is_kept(&error) && !is_unknown {
            self.store
                .settle_delivery(row, DeliveryState::Dead, Some(error.code().as_str()))?;
            return Ok(DeliveryOutcome::Refused(error));
        }
        let again = try_again_at(self.clock.now(), attempts, error.not_before);
        self.store
            .postpone_delivery(row.id, state, error.code().as_str(), again)?;
        reach(Point::MemoryPostponed);
        Ok(queued(&error))
    }

    /// Asks the platform whether it has a memory that was sent before. Of several with the same text, those that are
    /// known to be delivered are subtracted.
    async fn has_arrived(&self, row: &Delivery, body: &MemoryBody) -> Result<bool, PlatformError> {
        let (there, ahead) = self.platform.recall_with_clock(usize::MAX).await?;
        let sent = row.first_sent_at.unwrap_or(row.created_at);
        let since = plausible(sent, self.clock.now()) - MAX_CLOCK_SKEW;
        // `created_at` is by the platform's clock.
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

/// Says whether a retry can succeed: after a transient failure, once the token is renewed or made readable, or once the way to
/// the platform is free, which has refused nothing.
pub(super) fn is_kept(error: &PlatformError) -> bool {
    let of_token = matches!(
        error.class,
        PlatformErrorClass::Auth | PlatformErrorClass::TokenFile | PlatformErrorClass::TokenUnbound
    );
    let has_not_left = match error.class {
        PlatformErrorClass::Http(class) => class.failed_before_the_server(),
        _ => false,
    };
    of_token || has_not_left || error.is_transient()
}

/// Makes the outcome of a message that waits because of `error`, with what has to be done first.
pub(super) fn queued(error: &PlatformError) -> DeliveryOutcome {
    let first = match error.class {
        PlatformErrorClass::Http(HttpErrorClass::PlainHttpRefused) => {
            Some(ALLOW_PLAIN_HTTP.to_owned())
        }
        _ => (!error.is_transient()).then(|| error.advice()),
    };
    DeliveryOutcome::Queued(Reason::new(error.code(), error.to_string()).advise_if(first))
}

/// Returns the address of a platform's messages: its origin and the workspace.
pub(super) fn address(platform: &Platform) -> (String, String) {
    (
        platform.origin().to_string(),
        platform.workspace_id().to_owned(),
    )
}

/// Returns when something was sent; a day ago where the stored time is in the future, because a clock was changed.
fn plausible(sent: Timestamp, now: Timestamp) -> Timestamp {
    let is_ahead = sent.duration_since(now) > MAX_CLOCK_SKEW;
    let day = now.checked_sub(SignedDuration::from_hours(24));
    day.ok().filter(|_| is_ahead).unwrap_or(sent)
}

fn created_at(memory: &Memory) -> Option<Timestamp> {
    memory.created_at.as_deref()?.parse().ok()
}
