//! `mcp-server-path`: returns the path of the MCP server for agents.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError};

pub(super) const STEP: StepDef = StepDef::of::<McpServerPath>(
    "mcp-server-path",
    "Returns the path of the MCP server for agents.",
);

/// Return the path of the MCP server for agents
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct McpServerPath {}

crate::classes!(McpServerPath {});

#[async_trait(?Send)]
impl Step for McpServerPath {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let path = cx.environment.mcp_server();
        Ok(super::done_with_text(
            "the path is ready",
            path.to_string_lossy(),
        ))
    }
}
