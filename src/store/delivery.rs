//! A message to the agents' platform, and its row.

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::timestamp;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryKind {
    /// A memory: each is delivered once, in order.
    Memory,
    /// A heartbeat: only the newest counts.
    Heartbeat,
}

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It was not sent, or was not delivered.
    Waiting,
    /// It was sent, and it is not known whether it was delivered.
    Unsure,
    /// It was delivered.
    Delivered,
    /// It was given up.
    Dead,
}

/// A message to the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// Its key, the same for every delivery: the run and the step.
    pub key: String,
    /// What it is.
    pub kind: DeliveryKind,
    /// The origin that it is meant for; it goes to no other.
    pub origin: String,
    /// The workspace there.
    pub workspace: String,
    /// What is sent, as JSON, without secrets.
    pub body: String,
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// What is to be delivered.
    #[serde(flatten)]
    pub message: NewDelivery,
    /// Its state.
    pub state: DeliveryState,
    /// Why it waits or is dead: a stable code.
    pub reason: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was sent first.
    pub first_sent_at: Option<Timestamp>,
    /// When it is to be tried again.
    pub not_before: Timestamp,
    /// Whether the row was edited by hand. Such a row is not sent.
    pub altered: bool,
}

/// What [`delivery`] reads.
pub(super) const COLUMNS: &str = "id, key, kind, origin, workspace, body, state, reason, attempts, created_at, first_sent_at, \
                       not_before, seal";

impl DeliveryKind {
    /// Returns the word that stands in the store and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Heartbeat => "heartbeat",
        }
    }
}

impl DeliveryState {
    /// Returns the word that stands in the store and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unsure => "unsure",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

impl NewDelivery {
    /// Returns what shows that nobody changed the row by hand.
    pub(super) fn seal(&self) -> String {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha256);
        for part in [
            &self.key,
            self.kind.as_str(),
            &self.origin,
            &self.workspace,
            &self.body,
        ] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher
            .try_finalize()
            .map(|id| id.to_string())
            .unwrap_or_default()
    }
}

pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let kind: String = row.get(2)?;
    let state: String = row.get(6)?;
    let message = NewDelivery {
        key: row.get(1)?,
        kind: if kind == "heartbeat" {
            DeliveryKind::Heartbeat
        } else {
            DeliveryKind::Memory
        },
        origin: row.get(3)?,
        workspace: row.get(4)?,
        body: row.get(5)?,
    };
    let seal: String = row.get(12)?;
    let first: Option<i64> = row.get(10)?;
    Ok(Delivery {
        id: row.get(0)?,
        altered: seal != message.seal(),
        message,
        state: match state.as_str() {
            "unsure" => DeliveryState::Unsure,
            "delivered" => DeliveryState::Delivered,
            "dead" => DeliveryState::Dead,
            _ => DeliveryState::Waiting,
        },
        reason: row.get(7)?,
        attempts: row.get(8)?,
        created_at: timestamp(row.get(9)?),
        first_sent_at: first.map(timestamp),
        not_before: timestamp(row.get(11)?),
    })
}
