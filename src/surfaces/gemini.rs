//! Gemini CLI: its `AfterAgent` hook.

use crate::policy::Trigger;

use super::{AgentPayload, Call, Gate, Payload, SurfaceDef, agent};

pub(super) const SURFACE: SurfaceDef = agent(
    "gemini",
    "Gemini CLI's `AfterAgent` hook: the agent has finished a turn.",
    Trigger::Gemini,
    Payload::Agent(call),
);

fn call(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("hook_event_name"), &["AfterAgent"]),
        directories: payload.directories("cwd"),
        input: payload.owned("prompt"),
        response: payload.owned("prompt_response"),
    }
}
