//! `memory-commit`: commits a memory to the agents' platform.

use async_trait::async_trait;
use faster_hex::hex_string;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::pipeline::{Context, Outcome, Retry, Service, Step, StepDef, StepError};
use crate::platform::Platform;
use crate::reason::Code;
use crate::secrets::{Outgoing, readable};
use crate::template::Template;

use super::heartbeat_set::no_platform;

pub(super) const STEP: StepDef =
    StepDef::of::<MemoryCommit>("memory-commit", "Commits a memory to the agents' platform.")
        .asks(Service::Platform)
        .retry(Retry::Message);

/// How many bytes of a hash are part of a message's name.
const KEY_BYTES: usize = 16;

/// Redacted before it is truncated: a token that is cut in half is not recognised.
const DEFAULT_CONTENT: &str = "Conversation: {{ task.input | redact | truncate(200) }}";

/// Commit a memory to the agents' platform
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MemoryCommit {
    /// The memory's text. With the default, the step is skipped when the task has no input.
    content: Template,
    /// Who can recall it: `LOCAL`, `TEAM` or `GLOBAL`.
    scope: Scope,
}

/// Who can recall a memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Scope {
    /// This workspace.
    #[default]
    Local,
    /// The workspaces of the team.
    Team,
    /// Every workspace.
    Global,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Team => "TEAM",
            Self::Global => "GLOBAL",
        }
    }
}

crate::classes!(MemoryCommit {
    content: D,
    scope: D
});

impl Default for MemoryCommit {
    fn default() -> Self {
        Self {
            content: Template::built_in(DEFAULT_CONTENT),
            scope: Scope::default(),
        }
    }
}

#[async_trait(?Send)]
impl Step for MemoryCommit {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let Some(platform) = cx.platform else {
            return Ok(no_platform());
        };
        let has_input = cx
            .facts
            .task
            .input
            .as_deref()
            .is_some_and(|input| !input.trim().is_empty());
        if self.content.source() == DEFAULT_CONTENT && !has_input {
            return Ok(Outcome::skipped(
                Code::NoInput,
                "the task has no input to remember",
            ));
        }
        // The other steps of the group begin first: their servers work while the store takes the memory.
        tokio::task::yield_now().await;
        let content = cx.outgoing_changed(&self.content, &readable).await?;
        if content.is_blank() {
            return Ok(Outcome::skipped(
                Code::NoContent,
                "the memory would be empty",
            ));
        }
        let outbox = cx.outbox();
        let sent = outbox
            .memory(
                platform,
                key(cx, platform, &content),
                &content,
                self.scope.as_str(),
            )
            .await;
        super::outcome(sent, "the memory is committed")
    }
}

/// Returns the permanent name of the memory. A task that is reported twice under one id is remembered once, if its
/// text is the same.
fn key(cx: &Context<'_>, platform: &Platform, content: &Outgoing) -> String {
    let Some(id) = cx.task.task.id.as_deref().filter(|id| !id.is_empty()) else {
        return cx.message_key();
    };
    let origin = platform.origin().to_string();
    let mut hash = Sha256::new();
    for part in [
        origin.as_str(),
        platform.workspace_id(),
        cx.step,
        id,
        content.as_str(),
    ] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let mut digits = hex_string(&hash.finalize());
    digits.truncate(2 * KEY_BYTES);
    format!("task/{digits}")
}
