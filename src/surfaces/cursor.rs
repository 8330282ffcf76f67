//! Cursor: its `stop` hook, and `sessionEnd`, because `agent -p` runs no `stop` hook.

use std::path::PathBuf;

use crate::policy::Trigger;

use super::{AgentPayload, Call, Gate, Payload, SurfaceDef, agent};

pub(super) const SURFACE: SurfaceDef = SurfaceDef {
    neutral: "{}",
    ..agent(
        "cursor",
        "Cursor's `stop` or `sessionEnd` hook: the agent has completed its work.",
        Trigger::Cursor,
        Payload::Agent(call),
    )
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
