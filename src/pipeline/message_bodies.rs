//! What the outbox keeps of a message to the platform.

use serde::{Deserialize, Serialize};

use crate::platform::Heartbeat;
use crate::secrets::KnownSecrets;

/// The body of a memory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MemoryBody {
    pub(super) content: String,
    pub(super) scope: String,
}

/// The body of a heartbeat.
#[derive(Debug, Deserialize)]
pub(super) struct HeartbeatBody {
    current_task: String,
    active_tasks: u64,
    error_rate: f64,
    sample_error: String,
    uptime_seconds: u64,
}

impl HeartbeatBody {
    /// Redacts it again, because a secret can have become known since.
    pub(super) fn outgoing(self, secrets: &KnownSecrets) -> Heartbeat {
        Heartbeat {
            current_task: secrets.outgoing(&self.current_task),
            active_tasks: self.active_tasks,
            error_rate: self.error_rate,
            sample_error: secrets.outgoing(&self.sample_error),
            uptime_seconds: self.uptime_seconds,
        }
    }
}
