//! Memories: written to a workspace, and read from it.

use std::borrow::Cow;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::Request;
use crate::secrets::Outgoing;

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
    /// When it was committed, as the platform writes it; absent where it does not.
    #[serde(default)]
    pub created_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct NewMemory<'a> {
    content: &'a Outgoing,
    scope: &'a str,
}

impl Platform {
    /// Commits a memory and returns the id that the platform gave it, where it gave one.
    ///
    /// `key` is its permanent name, for platforms that honour `Idempotency-Key`; for others the caller compares the
    /// memories before it sends one again after a lost answer.
    pub async fn commit_memory(
        &self,
        key: &str,
        content: &Outgoing,
        scope: &str,
    ) -> Result<Option<String>, PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id(), "memories"])?;
        let request = Request::post(url, &NewMemory { content, scope })?;
        let response = self
            .send(request.header("idempotency-key", key.to_owned()))
            .await?;
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
        self.recall_with_clock(limit)
            .await
            .map(|(memories, _)| memories)
    }

    /// Returns the same, and how far the platform's clock is ahead of ours, where it sends its time.
    pub async fn recall_with_clock(
        &self,
        limit: usize,
    ) -> Result<(Vec<Memory>, SignedDuration), PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id(), "memories"])?;
        let response = self.get(url).await?;
        let told = response.header("date");
        let there = told.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let ahead = there.map_or(SignedDuration::ZERO, |there| {
            there.timestamp().duration_since(response.received_at())
        });
        let not_memories = || PlatformError::from(response.bad("a list of memories"));
        let all: Vec<Value> =
            serde_json::from_str(&text(response.body())).map_err(|_| not_memories())?;
        let skipped = all.len().saturating_sub(limit);
        let last = all.into_iter().skip(skipped).map(serde_json::from_value);
        let last: Result<_, _> = last.collect();
        last.map(|last| (last, ahead)).map_err(|_| not_memories())
    }
}

/// Reads a body in the encodings that JSON comes in: UTF-8 or UTF-16, with or without a mark.
fn text(body: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok().map(unit))
            .collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        // The first character of JSON is ASCII.
        [0, _, ..] => wide(body, u16::from_be_bytes),
        [_, 0, ..] => wide(body, u16::from_le_bytes),
        _ => String::from_utf8_lossy(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_json_is_read() {
        let json = "[\"é\"]";
        let units = || json.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for body in [
            json.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", json.as_bytes()].concat(),
            [b"\xff\xfe", little.as_slice()].concat(),
            [b"\xfe\xff", big.as_slice()].concat(),
            little,
            big,
        ] {
            assert_eq!(text(&body), json, "{body:?}");
        }
        assert_eq!(text(b""), "");
        assert_eq!(text(b"5"), "5");
    }
}
