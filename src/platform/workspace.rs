//! A workspace of the platform: whether it is busy, and messages to its agent (`message/send` of A2A).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{Request, Response, clean_line};
use crate::secrets::Outgoing;

use super::client::Platform;
use super::error::PlatformError;

/// The most of an answer that is kept, in characters.
const ANSWER_LENGTH: usize = 500;

/// What an executor says when its agent said nothing.
const NO_RESPONSE: &str = "(no response generated)";

/// The result of sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The agent answered: the beginning of its text, on one line; empty where there was none.
    Answer(String),
    /// The platform accepted the message; the agent answers elsewhere.
    Accepted,
    /// The workspace is busy, with the platform's message sanitized. The message did not arrive.
    Busy(String),
    /// The agent, or the platform in its place, refused, with the message sanitized.
    Refused(String),
}

/// A message to an agent, as JSON-RPC.
#[derive(Debug, Serialize)]
struct Call<'a> {
    jsonrpc: &'static str,
    id: &'a str,
    method: &'static str,
    params: Params<'a>,
}

#[derive(Debug, Serialize)]
struct Params<'a> {
    message: Message<'a>,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    kind: &'static str,
    role: &'static str,
    #[serde(rename = "messageId")]
    id: &'a str,
    parts: [Part<'a>; 1],
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    kind: &'static str,
    text: &'a Outgoing,
}

/// The part of a workspace's state that is used here.
#[derive(Debug, Deserialize)]
struct Activity {
    #[serde(default)]
    active_tasks: Option<u64>,
}

impl Platform {
    /// Asks how many tasks the workspace works on. No answer counts as none.
    pub async fn active_tasks(&self) -> Result<u64, PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id()])?;
        let activity: Activity = self.get(url).await?.json()?;
        Ok(activity.active_tasks.unwrap_or(0))
    }

    /// Sends a text to the workspace's agent. The same `message_id` is the same message: the platform drops what it has.
    ///
    /// It is sent once. The answer may take as long as the agent works.
    pub async fn send_message(
        &self,
        message_id: &str,
        text: &Outgoing,
    ) -> Result<Reply, PlatformError> {
        let url = self.endpoint(&["workspaces", self.workspace_id(), "a2a"])?;
        let call = Call {
            jsonrpc: "2.0",
            id: message_id,
            method: "message/send",
            params: Params {
                message: Message {
                    kind: "message",
                    role: "user",
                    id: message_id,
                    parts: [Part { kind: "text", text }],
                },
            },
        };
        let response = self
            .send_unchecked(Request::post(url, &call)?.slow())
            .await?;
        if response.status() == 503
            && let Some(said) = says_busy(&response)
        {
            return Ok(Reply::Busy(said));
        }
        if !response.is_success() {
            return Err(PlatformError::of(&response));
        }
        // A sign-in page answers 200 too.
        let kind = response.header("content-type").unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("text/html") {
            return Err(response.bad("an answer of the platform's API").into());
        }
        Ok(reply(
            &serde_json::from_slice(response.body()).unwrap_or(json!({})),
        ))
    }
}

/// Returns the message of a 503 about being busy; `None` where it is about something else.
fn says_busy(response: &Response) -> Option<String> {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let texts = ["error", "message", "detail"].into_iter();
    let said = texts
        .filter_map(|key| body.get(key).and_then(Value::as_str))
        .find(|text| text.to_lowercase().contains("busy"));
    let is_busy = body.get("busy") == Some(&Value::Bool(true)) || said.is_some();
    is_busy.then(|| clean_line(said.unwrap_or("the workspace is busy"), ANSWER_LENGTH))
}

/// Reads the answer of JSON-RPC: a message, a task, or an error.
fn reply(body: &Value) -> Reply {
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        let said = error.get("message").and_then(Value::as_str);
        let said = said
            .or_else(|| error.as_str())
            .unwrap_or("an error without a message");
        return Reply::Refused(clean_line(said, ANSWER_LENGTH));
    }
    let Some(result) = body.get("result") else {
        return match body.as_object() {
            // Such as `{"status": "queued"}`.
            Some(told) if !told.is_empty() => Reply::Accepted,
            _ => Reply::Answer(String::new()),
        };
    };
    let state = result.pointer("/status/state").and_then(Value::as_str);
    let mut texts = Vec::new();
    add_texts(result.get("parts"), &mut texts);
    add_texts(result.pointer("/status/message/parts"), &mut texts);
    let artifacts = result.get("artifacts").and_then(Value::as_array);
    for artifact in artifacts.into_iter().flatten() {
        add_texts(artifact.get("parts"), &mut texts);
    }
    let text = clean_line(&texts.join(" "), ANSWER_LENGTH);
    match state {
        Some("failed" | "rejected" | "canceled") => {
            let said = if text.is_empty() {
                "it did not say why"
            } else {
                &text
            };
            Reply::Refused(format!(
                "the task was {}: {said}",
                state.unwrap_or_default()
            ))
        }
        Some("submitted" | "working") => Reply::Accepted,
        _ if text == NO_RESPONSE => Reply::Answer(String::new()),
        _ => Reply::Answer(text),
    }
}

fn add_texts<'v>(parts: Option<&'v Value>, texts: &mut Vec<&'v str>) {
    let parts = parts.and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        texts.extend(part.get("text").and_then(Value::as_str));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_text_of_a_message_or_a_task() {
        let text = |text: &str| json!([{"kind": "text", "text": text}]);
        let answer = |text: &str| Reply::Answer(text.to_owned());
        for (result, expected) in [
            (
                json!({"kind": "message", "parts": text("Done.\nAll of it")}),
                answer("Done. All of it"),
            ),
            (
                json!({"status": {"state": "completed"}, "artifacts": [{"parts": text("A")}]}),
                answer("A"),
            ),
            (
                json!({"status": {"state": "completed", "message": {"parts": text("B")}}}),
                answer("B"),
            ),
            (json!({"parts": text(" ")}), answer("")),
            (json!({"parts": text(NO_RESPONSE)}), answer("")),
            (json!({}), answer("")),
            (json!({"status": {"state": "working"}}), Reply::Accepted),
            (
                json!({"status": {"state": "failed", "message": {"parts": text("no key")}}}),
                Reply::Refused("the task was failed: no key".into()),
            ),
        ] {
            assert_eq!(
                reply(&json!({"jsonrpc": "2.0", "result": result})),
                expected,
                "{result}"
            );
        }
        let error = json!({"error": {"code": -32603, "message": "agent crashed"}});
        assert_eq!(reply(&error), Reply::Refused("agent crashed".into()));
        assert_eq!(reply(&json!({"status": "queued"})), Reply::Accepted);
        assert_eq!(reply(&json!({})), answer(""));
    }
}
