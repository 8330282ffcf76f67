//! Codex: its `Stop` hook, and its older `notify` program, which gets the payload as last argument.

use crate::policy::Trigger;

use super::installation::command_handler;
use super::{
    AgentPayload, Base, Call, Gate, Installation, JsonHook, JsonSyntax, Payload, Places, Removal,
    Shape, SurfaceDef, agent,
};

pub(super) const HOOK: SurfaceDef = agent(
    "codex",
    "Codex's `Stop` hook: the main agent has finished a turn.",
    Trigger::Codex,
    Payload::Agent(stop),
    Installation::Json(HOOKS),
);
pub(super) const NOTIFY: SurfaceDef = agent(
    "codex-notify",
    "Codex's `notify` program: a turn is complete.",
    Trigger::CodexNotify,
    Payload::AgentArgument(notify),
    Installation::Notify(CONFIG),
);

const HOOKS: JsonHook = JsonHook {
    places: Places {
        file: "hooks.json",
        project: Some(".codex"),
        ..CONFIG
    },
    syntax: JsonSyntax::Strict,
    version: None,
    event: "Stop",
    shape: Shape::Group,
    handler: command_handler,
    // Trust in a hook is kept by its position.
    removal: Removal::KeepsPlace,
    todo: Some(
        "in Codex, run `/hooks` and trust sendoff: an untrusted hook is skipped without a word, in `codex exec` as well \
         (there `sendoff install codex-notify` needs no trust)",
    ),
};

/// The user's own configuration: `notify` in a project's is ignored.
const CONFIG: Places = Places {
    variable: Some("CODEX_HOME"),
    base: Base::Home,
    user: ".codex",
    project: None,
    file: "config.toml",
    local: None,
};

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
