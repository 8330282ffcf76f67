//! `heartbeat-set`: tells the platform what the agent works on.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Retry, Service, Step, StepDef, StepError};
use crate::platform::Heartbeat;
use crate::reason::{Code, Reason};
use crate::secrets::{Outgoing, readable};
use crate::template::Template;

pub(super) const STEP: StepDef = StepDef::of::<HeartbeatSet>(
    "heartbeat-set",
    "Tells the platform what the agent works on.",
)
.asks(Service::Platform)
.retry(Retry::NewestMessage);

/// Tell the platform what the agent works on.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HeartbeatSet {
    /// The task that the platform shows, unless the task document has `heartbeat.current_task`.
    current_task: Template,
}

crate::classes!(HeartbeatSet { current_task: D });

impl Default for HeartbeatSet {
    fn default() -> Self {
        Self {
            current_task: Template::built_in("{{ (task.input or '') | redact | brief }}"),
        }
    }
}

#[async_trait(?Send)]
impl Step for HeartbeatSet {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let Some(platform) = cx.platform else {
            return Ok(no_platform());
        };
        let current = cx.outgoing_changed(&self.current_task, &readable).await?;
        let beat = heartbeat(cx, current, 1).await;
        let outbox = cx.outbox();
        let sent = outbox.heartbeat(platform, cx.message_key(), &beat).await;
        super::outcome(sent, "the platform shows the task")
    }
}

/// Returns the outcome without a platform, which is not an error.
pub(super) fn no_platform() -> Outcome {
    let reason = Reason::new(Code::NoPlatform, "no platform is configured");
    Outcome::Skipped(reason.advise(
        "set PLATFORM_URL and WORKSPACE_ID, or `platform.url` and `platform.workspace-id` in the user's policy",
    ))
}

/// Makes a heartbeat from the task document's counters; those that are absent count this task only.
pub(super) async fn heartbeat(
    cx: &Context<'_>,
    current_task: Outgoing,
    active_tasks: u64,
) -> Heartbeat {
    let counted = cx.task.heartbeat.clone().unwrap_or_default();
    let current_task = match &counted.current_task {
        Some(task) => cx.outgoing_text(&readable(task)).await,
        None => current_task,
    };
    let sample_error = counted.sample_error.unwrap_or_default();
    Heartbeat {
        current_task,
        active_tasks: counted.active_tasks.unwrap_or(active_tasks),
        error_rate: counted.error_rate.unwrap_or(0.0),
        sample_error: cx.outgoing_text(&readable(&sample_error)).await,
        uptime_seconds: counted.uptime_seconds.unwrap_or(0),
    }
}
