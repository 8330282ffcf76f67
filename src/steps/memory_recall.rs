//! `memory-recall`: recalls the latest memories, as lines of text.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Outputs, Service, Step, StepDef, StepError};
use crate::reason::Reason;
use crate::secrets::strip_controls;

use super::heartbeat_set::no_platform;

pub(super) const STEP: StepDef = StepDef::of::<MemoryRecall>(
    "memory-recall",
    "Recalls the latest memories, as lines of text.",
)
.asks(Service::Platform);

/// Recall the latest memories, as lines of text
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MemoryRecall {
    /// How many of the latest memories to recall.
    #[schemars(range(min = 1, max = 1000))]
    limit: usize,
}

crate::classes!(MemoryRecall { limit: D });

impl Default for MemoryRecall {
    fn default() -> Self {
        Self { limit: 10 }
    }
}

#[async_trait(?Send)]
impl Step for MemoryRecall {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let Some(platform) = cx.platform else {
            return Ok(no_platform());
        };
        let memories = match platform.recall(self.limit).await {
            Ok(memories) => memories,
            // A prompt without memories is better than none.
            Err(error) => {
                let message = format!("the memories cannot be recalled: {error}");
                let reason = Reason::new(error.code(), message);
                return Ok(Outcome::Skipped(reason.advise(error.advice())));
            }
        };
        let lines: Vec<String> = memories
            .iter()
            .map(|memory| {
                let scope = strip_controls(memory.scope.as_deref().unwrap_or("?"));
                let content = memory.content.as_deref().unwrap_or_default();
                let content: Vec<String> = content.lines().map(strip_controls).collect();
                format!("- [{scope}] {}", content.join("\n"))
            })
            .collect();
        let mut outputs = Outputs::new();
        outputs.insert("count".into(), lines.len().into());
        outputs.insert("text".into(), lines.join("\n").into());
        outputs.insert(super::SOURCE.into(), "memories of this workspace".into());
        Ok(Outcome::Done {
            summary: format!("{} memories recalled", lines.len()),
            outputs,
        })
    }
}
