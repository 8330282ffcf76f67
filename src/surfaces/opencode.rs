//! `OpenCode`: it has no hooks of its own; a plugin sends what is read here when a session is idle.

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, OwnFile, OwnFiles, Payload, Places, SurfaceDef,
    agent,
};

pub(super) const SURFACE: SurfaceDef = agent(
    "opencode",
    "A plugin of OpenCode: a session is idle.",
    Trigger::Opencode,
    Payload::Agent(call),
    Installation::Files(PLUGIN),
);

const PLUGIN: OwnFiles = OwnFiles {
    places: Places {
        variable: None,
        base: Base::Config,
        user: "opencode",
        project: Some(".opencode"),
        file: "",
        local: None,
    },
    files: &[OwnFile {
        name: "plugins/sendoff.js",
        text: include_str!("../../hooks/agents/opencode.js"),
    }],
    todo: Some("restart OpenCode"),
};

fn call(payload: AgentPayload<'_>) -> Call {
    let child = match payload.text("parentID") {
        Some(_) => Gate::Closed("the session is one of a subagent"),
        None => Gate::Open,
    };
    Call {
        gate: Gate::for_event(payload.text("event"), &["session.status"]).and(child),
        directories: payload.directories("directory"),
        input: payload.owned("prompt"),
        response: payload.owned("last_assistant_message"),
    }
}
