//! An agents' platform: memories, heartbeats, messages to workspaces, a token.

use std::io;

use serde_json::{Value, json};

use crate::clock::Clock;

use super::loopback::{Answer, Call, Fault, Loopback, Respond, server_methods};

/// The longest content of a memory, in bytes.
const MAX_CONTENT_LENGTH: usize = 64 * 1024;

/// A platform on loopback. It stops when it is dropped.
#[derive(Debug)]
pub struct PlatformServer {
    server: Loopback<State>,
}

#[derive(Debug)]
struct State {
    workspace_id: String,
    token: Option<String>,
    memories: Vec<Value>,
    heartbeats: Vec<Value>,
    messages: Vec<Value>,
    active_tasks: u64,
    answer: String,
}

server_methods!(PlatformServer);

impl PlatformServer {
    /// Starts a platform with one workspace. Without a token it accepts every request.
    pub fn start(workspace_id: &str, token: Option<&str>) -> io::Result<Self> {
        let server = Loopback::start(State {
            workspace_id: workspace_id.to_owned(),
            token: token.map(str::to_owned),
            memories: Vec::new(),
            heartbeats: Vec::new(),
            messages: Vec::new(),
            active_tasks: 0,
            answer: "Done.".to_owned(),
        })?;
        Ok(Self { server })
    }

    /// Answers the next requests with these statuses, one for each request.
    pub fn fail_with(&self, statuses: &[u16]) {
        let faults = statuses
            .iter()
            .map(|status| Fault::Instead(Answer::json(*status, &json!({"error": "told to fail"}))));
        self.server.inject(faults);
    }

    /// Replaces the token that requests must carry.
    pub fn rotate_token(&self, token: &str) {
        self.server.state().token = Some(token.to_owned());
    }

    /// Adds a memory without checking it.
    pub fn add_memory(&self, memory: Value) {
        self.server.state().memories.push(memory);
    }

    /// Returns the memories.
    pub fn memories(&self) -> Vec<Value> {
        self.server.state().memories.clone()
    }

    /// Says how many tasks every workspace works on.
    pub fn set_active_tasks(&self, tasks: u64) {
        self.server.state().active_tasks = tasks;
    }

    /// Sets the text that agents answer messages with.
    pub fn answer_with(&self, text: &str) {
        text.clone_into(&mut self.server.state().answer);
    }

    /// Returns the messages that came for workspaces, as they were sent.
    pub fn messages(&self) -> Vec<Value> {
        self.server.state().messages.clone()
    }

    /// Returns the heartbeats.
    pub fn heartbeats(&self) -> Vec<Value> {
        self.server.state().heartbeats.clone()
    }
}

impl Respond for State {
    fn respond(&mut self, call: &Call, _root: &str) -> Answer {
        let is_known = self.token.as_ref().is_none_or(|token| call.carries(token));
        if !is_known {
            return error(401, "invalid or missing token");
        }
        let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["workspaces", id]) => {
                Answer::json(200, &json!({"id": id, "active_tasks": self.active_tasks}))
            }
            ("POST", ["workspaces", _, "a2a"]) => self.take_message(&call.body),
            (_, ["workspaces", id, "memories"]) if *id != self.workspace_id => {
                error(404, "workspace not found")
            }
            ("GET", ["workspaces", _, "memories"]) => {
                Answer::json(200, &Value::Array(self.memories.clone()))
            }
            ("POST", ["workspaces", _, "memories"]) => self.add_memory_from(&call.body),
            ("POST", ["registry", "heartbeat"]) => self.record_heartbeat(&call.body),
            _ => error(404, "not found"),
        }
    }
}

impl State {
    fn add_memory_from(&mut self, body: &[u8]) -> Answer {
        let Ok(memory) = serde_json::from_slice::<Value>(body) else {
            return error(400, "invalid request body");
        };
        let text = |key: &str| memory.get(key).and_then(Value::as_str);
        let (Some(content), Some(scope)) = (text("content"), text("scope")) else {
            return error(422, "content and scope are required");
        };
        if !matches!(scope, "LOCAL" | "TEAM" | "GLOBAL") {
            return error(422, "scope must be LOCAL, TEAM or GLOBAL");
        }
        if content.len() > MAX_CONTENT_LENGTH {
            return error(413, "content is too large");
        }
        let id = format!("memory-{}", self.memories.len() + 1);
        let entry = json!({
            "id": id,
            "workspace_id": self.workspace_id,
            "content": content,
            "scope": scope,
            "created_at": Clock::System.now().to_string(),
        });
        self.memories.push(entry);
        Answer::json(201, &json!({"id": id, "scope": scope}))
    }

    fn take_message(&mut self, body: &[u8]) -> Answer {
        let Ok(message) = serde_json::from_slice::<Value>(body) else {
            return error(400, "invalid request body");
        };
        let id = message.get("id").cloned().unwrap_or_default();
        self.messages.push(message);
        let parts = json!([{"kind": "text", "text": self.answer}]);
        let result = json!({"kind": "message", "role": "agent", "messageId": "1", "parts": parts});
        Answer::json(200, &json!({"jsonrpc": "2.0", "id": id, "result": result}))
    }

    fn record_heartbeat(&mut self, body: &[u8]) -> Answer {
        let Ok(beat) = serde_json::from_slice::<Value>(body) else {
            return error(400, "invalid request body");
        };
        if beat.get("workspace_id").and_then(Value::as_str) != Some(&self.workspace_id) {
            return error(404, "workspace not found");
        }
        self.heartbeats.push(beat);
        Answer::json(200, &json!({"status": "ok"}))
    }
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"error": message}))
}
