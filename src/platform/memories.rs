//! Memories: what a workspace is told to remember, and what it remembers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Platform;
use super::error::PlatformError;

/// A memory, as the platform returns it. Hostile text: clean it before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Memory {
    /// Whom it is for, such as `LOCAL`; absent where the platform did not say.
    #[serde(default)]
    pub scope: Option<String>,
    /// The text; absent where the platform did not say.
    #[serde(default)]
    pub content: Option<String>,
}

#[derive(Debug, Serialize)]
struct NewMemory<'a> {
    content: &'a str,
    scope: &'a str,
}

impl Platform {
    /// Commits a memory and returns the id that the platform gave it, where it gave one.
    ///
    /// Not idempotent: whoever sends it again after a lost answer compares first.
    pub async fn commit_memory(
        &self,
        content: &str,
        scope: &str,
    ) -> Result<Option<String>, PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id(), "memories"])?;
        let response = self.post(url, &NewMemory { content, scope }).await?;
        if response.body().is_empty() {
            return Ok(None);
        }
        // A sign-in page answers 200 too; a memory that went there is lost.
        let answer: Value = response.json()?;
        Ok(match answer.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        })
    }

    /// Returns the last `limit` memories, in the platform's order.
    pub async fn recall(&self, limit: usize) -> Result<Vec<Memory>, PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id(), "memories"])?;
        let response = self.get(url).await?;
        let all: Vec<Value> = response.json()?;
        let skipped = all.len().saturating_sub(limit);
        let last = all.into_iter().skip(skipped).map(serde_json::from_value);
        let last: Result<_, _> = last.collect();
        last.map_err(|_| response.bad("a list of memories").into())
    }
}
