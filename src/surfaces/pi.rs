//! Pi: it has no hooks of its own; an extension sends what is read here when the agent has settled.

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, OwnFile, OwnFiles, Payload, Places, SurfaceDef,
    agent,
};

pub(super) const SURFACE: SurfaceDef = agent(
    "pi",
    "An extension of Pi: the agent has settled.",
    Trigger::Pi,
    Payload::Agent(call),
    Installation::Files(EXTENSION),
);

const EXTENSION: OwnFiles = OwnFiles {
    places: Places {
        variable: None,
        base: Base::Home,
        user: ".pi/agent",
        project: Some(".pi"),
        file: "",
        local: None,
    },
    files: &[OwnFile {
        name: "extensions/sendoff.ts",
        text: include_str!("../../hooks/agents/pi.ts"),
    }],
    todo: Some("in Pi, run `/reload`"),
};

fn call(payload: AgentPayload<'_>) -> Call {
    let aborted = if payload.is_true("aborted") {
        Gate::Closed("the turn did not end well")
    } else {
        Gate::Open
    };
    Call {
        gate: Gate::for_event(payload.text("event"), &["agent_settled", "agent_end"]).and(aborted),
        directories: payload.directories("cwd"),
        input: payload.owned("prompt"),
        response: payload.owned("last_assistant_message"),
    }
}
