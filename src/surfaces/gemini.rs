//! Gemini CLI: its `AfterAgent` hook.

use serde_json::{Value, json};

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, JsonHook, JsonSyntax, Payload, Places, Removal,
    Shape, SurfaceDef, agent,
};

pub(super) const SURFACE: SurfaceDef = agent(
    "gemini",
    "Gemini CLI's `AfterAgent` hook: the agent has finished a turn.",
    Trigger::Gemini,
    Payload::Agent(call),
    Installation::Json(SETTINGS),
);

const SETTINGS: JsonHook = JsonHook {
    places: Places {
        variable: None,
        base: Base::Home,
        user: ".gemini",
        project: Some(".gemini"),
        file: "settings.json",
        local: None,
    },
    syntax: JsonSyntax::WithComments,
    version: None,
    event: "AfterAgent",
    shape: Shape::Group,
    handler,
    removal: Removal::Whole,
    todo: None,
};

/// Gemini counts in milliseconds, and knows a hook by its name.
fn handler(command: &str) -> Value {
    json!({ "name": "sendoff", "type": "command", "command": command, "timeout": 30_000 })
}

fn call(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("hook_event_name"), &["AfterAgent"]),
        directories: payload.directories("cwd"),
        input: payload.owned("prompt"),
        response: payload.owned("prompt_response"),
    }
}
