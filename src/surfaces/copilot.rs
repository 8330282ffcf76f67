//! GitHub Copilot CLI: `agentStop` and `sessionEnd`, in camel case or, as `Stop`, in snake case.

use crate::policy::Trigger;

use super::{
    AgentPayload, Base, Call, Gate, Installation, OwnFile, OwnFiles, Payload, Places, SurfaceDef,
    agent,
};

pub(super) const SURFACE: SurfaceDef = SurfaceDef {
    // The cloud agent's platform pushes and opens the pull request by itself.
    left_to_host: Some("COPILOT_AGENT_PROMPT"),
    ..agent(
        "copilot",
        "GitHub Copilot CLI's `agentStop` hook: the agent has finished a turn.",
        Trigger::Copilot,
        Payload::Agent(call),
        Installation::Files(HOOKS),
    )
};

const HOOKS: OwnFiles = OwnFiles {
    places: Places {
        variable: Some("COPILOT_HOME"),
        base: Base::Home,
        user: ".copilot",
        project: Some(".github"),
        file: "",
        local: None,
    },
    files: &[OwnFile {
        name: "hooks/sendoff.json",
        text: include_str!("../../hooks/agents/copilot.json"),
    }],
    todo: None,
};

fn call(payload: AgentPayload<'_>) -> Call {
    let events = ["Stop", "agentStop", "SessionEnd", "sessionEnd"];
    Call {
        // In camel case no event is named; only the end of a session has a reason.
        gate: Gate::for_event(payload.text("hook_event_name"), &events)
            .and(Gate::for_outcome(payload.text("reason"), "complete")),
        directories: payload.directories("cwd"),
        input: None,
        response: None,
    }
}
