//! Heartbeats: what the workspace works on.

use serde::Serialize;

use crate::secrets::Outgoing;

use super::client::Platform;
use super::error::PlatformError;

/// A heartbeat. The default is that of an idle workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Heartbeat {
    /// What is worked on; empty when nothing is.
    pub current_task: Outgoing,
    /// How many tasks run.
    pub active_tasks: u64,
    /// The share of failed tasks, 0 to 1.
    pub error_rate: f64,
    /// A recent error, without secrets; empty when there is none.
    pub sample_error: Outgoing,
    /// Seconds since the agent started.
    pub uptime_seconds: u64,
}

#[derive(Debug, Serialize)]
struct Beat<'a> {
    workspace_id: &'a str,
    #[serde(flatten)]
    heartbeat: &'a Heartbeat,
}

impl Platform {
    /// Tells the platform what the workspace works on.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), PlatformError> {
        let url = self.endpoint(&["registry", "heartbeat"])?;
        let beat = Beat {
            workspace_id: self.workspace_id(),
            heartbeat,
        };
        let response = self.post(url, &beat).await?;
        // A sign-in page answers 200 too, and the platform then shows an agent that is still busy.
        let kind = response.header("content-type").unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("text/html") {
            return Err(response.bad("an answer of the platform's API").into());
        }
        Ok(())
    }
}
