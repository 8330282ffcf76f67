//! `heartbeat-clear`: tells the platform that the agent is free.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Retry, Service, Step, StepDef, StepError};
use crate::secrets::Outgoing;

use super::heartbeat_set::{heartbeat, no_platform};

pub(super) const STEP: StepDef = StepDef::of::<HeartbeatClear>(
    "heartbeat-clear",
    "Tells the platform that the agent is free.",
)
.always()
.asks(Service::Platform)
.retry(Retry::NewestMessage);

/// Tell the platform that the agent is free
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HeartbeatClear {}

crate::classes!(HeartbeatClear {});

#[async_trait(?Send)]
impl Step for HeartbeatClear {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let Some(platform) = cx.platform else {
            return Ok(no_platform());
        };
        // As in `memory-commit`: the first use of the store waits for the disk.
        tokio::task::yield_now().await;
        let beat = heartbeat(cx, Outgoing::default(), 0).await;
        let outbox = cx.outbox();
        let sent = outbox.heartbeat(platform, cx.message_key(), &beat).await;
        super::outcome(sent, "the platform shows the agent as free")
    }
}
