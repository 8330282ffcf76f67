//! Goose: its `Stop` hook, which names no directory: it runs in the one that the agent works in.

use crate::policy::Trigger;

use super::{AgentPayload, Call, Gate, Payload, SurfaceDef, agent};

pub(super) const SURFACE: SurfaceDef = agent(
    "goose",
    "Goose's `Stop` hook: the agent has finished a turn.",
    Trigger::Goose,
    Payload::Agent(call),
);

fn call(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("event"), &["Stop"]),
        directories: Vec::new(),
        input: None,
        response: payload.owned("last_assistant_message"),
    }
}
