//! Claude Code: its `Stop` hook, when the main agent has finished a turn.

use crate::policy::Trigger;

use super::installation::command_handler;
use super::{
    AgentPayload, Base, Call, Gate, Installation, JsonHook, JsonSyntax, Payload, Places, Removal,
    Shape, SurfaceDef, agent,
};

pub(super) const SURFACE: SurfaceDef = agent(
    "claude-code",
    "Claude Code's `Stop` hook: the main agent has finished a turn.",
    Trigger::ClaudeCode,
    Payload::Agent(call),
    Installation::Json(SETTINGS),
);

const SETTINGS: JsonHook = JsonHook {
    places: Places {
        variable: Some("CLAUDE_CONFIG_DIR"),
        base: Base::Home,
        user: ".claude",
        project: Some(".claude"),
        file: "settings.json",
        local: Some(".claude/settings.local.json"),
    },
    // With a comment in it nothing of the file counts.
    syntax: JsonSyntax::Strict,
    version: None,
    event: "Stop",
    shape: Shape::Group,
    handler: command_handler,
    removal: Removal::Whole,
    todo: None,
};

fn call(payload: AgentPayload<'_>) -> Call {
    Call {
        gate: Gate::for_event(payload.text("hook_event_name"), &["Stop"]).and(at_rest(payload)),
        // The directory follows the agent into work trees; `CLAUDE_PROJECT_DIR` stays where it started.
        directories: payload.directories("cwd"),
        input: None,
        response: payload.owned("last_assistant_message"),
    }
}

/// Closed while a task that the agent started in the background runs: it goes on when that has ended.
fn at_rest(payload: AgentPayload<'_>) -> Gate {
    let mut tasks = payload.objects("background_tasks");
    if tasks.any(|task| task.text("status") == Some("running")) {
        return Gate::Closed("a background task still runs");
    }
    Gate::Open
}
