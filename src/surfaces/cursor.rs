//! Cursor: its `stop` hook, and `sessionEnd`, because `agent -p` runs no `stop` hook.

use std::path::PathBuf;

use serde_json::json;

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, JsonHook, JsonSyntax, Payload, Places, Removal,
    Shape, SurfaceDef, agent,
};

pub(super) const SURFACE: SurfaceDef = SurfaceDef {
    neutral: "{}",
    ..agent(
        "cursor",
        "Cursor's `stop` or `sessionEnd` hook: the agent has completed its work.",
        Trigger::Cursor,
        Payload::Agent(call),
        Installation::Json(HOOKS),
    )
};

const HOOKS: JsonHook = JsonHook {
    places: Places {
        variable: None,
        base: Base::Home,
        user: ".cursor",
        project: Some(".cursor"),
        file: "hooks.json",
        local: None,
    },
    syntax: JsonSyntax::Strict,
    version: Some(1),
    event: "stop",
    shape: Shape::Handler,
    handler: |command| json!({ "command": command }),
    removal: Removal::Whole,
    todo: Some("restart Cursor; its command line (`agent -p`) does not run this hook"),
};

fn call(payload: AgentPayload<'_>) -> Call {
    let event = payload.text("hook_event_name");
    let outcome = match event {
        Some("sessionEnd") => payload.text("final_status"),
        _ => payload.text("status"),
    };
    Call {
        gate: Gate::for_event(event, &["stop", "sessionEnd"])
            .and(Gate::for_outcome(outcome, "completed")),
        directories: payload
            .texts("workspace_roots")
            .map(PathBuf::from)
            .collect(),
        input: None,
        response: None,
    }
}
