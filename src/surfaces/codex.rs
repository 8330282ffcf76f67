//! Codex: its `Stop` hook, and its older `notify` program, which gets the payload as last argument.

use crate::policy::Trigger;

use super::{AgentPayload, Call, Gate, Payload, SurfaceDef, agent};

pub(super) const HOOK: SurfaceDef = agent(
    "codex",
    "Codex's `Stop` hook: the main agent has finished a turn.",
    Trigger::Codex,
    Payload::Agent(stop),
);
pub(super) const NOTIFY: SurfaceDef = agent(
    "codex-notify",
    "Codex's `notify` program: a turn is complete.",
    Trigger::CodexNotify,
    Payload::AgentArgument(notify),
);

fn stop(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("hook_event_name"), &["Stop"]),
        directories: payload.directories("cwd"),
        input: None,
        response: payload.owned("last_assistant_message"),
    }
}

fn notify(payload: AgentPayload<'_>) -> Call {
    let prompts = payload.texts("input-messages");
    Call {
        gate: Gate::for_event(payload.text("type"), &["agent-turn-complete"]),
        directories: payload.directories("cwd"),
        input: prompts.last().map(ToOwned::to_owned),
        response: payload.owned("last-assistant-message"),
    }
}
