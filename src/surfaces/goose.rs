//! Goose: its `Stop` hook, which names no directory: it runs in the one that the agent works in.

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, OwnFile, OwnFiles, Payload, Places, SurfaceDef,
    agent,
};

pub(super) const SURFACE: SurfaceDef = agent(
    "goose",
    "Goose's `Stop` hook: the agent has finished a turn.",
    Trigger::Goose,
    Payload::Agent(call),
    Installation::Files(PLUGIN),
);

const PLUGIN: OwnFiles = OwnFiles {
    places: Places {
        variable: None,
        base: Base::Home,
        user: ".agents/plugins/sendoff",
        project: Some(".agents/plugins/sendoff"),
        file: "",
        local: None,
    },
    // The hook first: without it the plugin does nothing.
    files: &[
        OwnFile {
            name: "hooks/hooks.json",
            text: include_str!("../../hooks/agents/goose-hooks.json"),
        },
        OwnFile {
            name: "plugin.json",
            text: include_str!("../../hooks/agents/goose-plugin.json"),
        },
    ],
    todo: Some("restart Goose"),
};

fn call(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("event"), &["Stop"]),
        directories: Vec::new(),
        input: None,
        response: payload.owned("last_assistant_message"),
    }
}
