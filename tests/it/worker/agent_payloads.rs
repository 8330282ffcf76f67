//! What each agent sends to its hook, good and bad.

use std::path::Path;

use serde_json::{Value, json};

/// A call that an agent makes.
pub(super) struct Sample {
    pub(super) surface: &'static str,
    pub(super) what: &'static str,
    /// Makes the payload of an agent that works in a directory.
    pub(super) payload: fn(&Path) -> Value,
    /// Whether it asks for anything.
    pub(super) asks: bool,
}

/// Calls at the end of a turn.
pub(super) const ENDS: &[Sample] = &[
    asks("claude-code", "a turn ends", |cwd| {
        json!({"hook_event_name": "Stop", "session_id": "s1", "transcript_path": "/nowhere/s1.jsonl", "cwd": cwd,
            "permission_mode": "default", "effort": {"level": "low"}, "stop_hook_active": false,
            "last_assistant_message": "It parses now.", "background_tasks": [], "session_crons": []})
    }),
    asks("codex", "a turn ends", |cwd| {
        json!({"hook_event_name": "Stop", "session_id": "s2", "turn_id": "t2", "transcript_path": "/nowhere/r.jsonl",
            "cwd": cwd, "model": "m", "permission_mode": "default", "stop_hook_active": false,
            "last_assistant_message": "It parses now."})
    }),
    asks("codex-notify", "a turn is complete", |cwd| {
        json!({"type": "agent-turn-complete", "thread-id": "s3", "turn-id": "t3", "cwd": cwd, "client": "codex_exec",
            "input-messages": ["Look at it", "Mend the parser"], "last-assistant-message": "It parses now."})
    }),
    asks("gemini", "a turn ends", |cwd| {
        json!({"hook_event_name": "AfterAgent", "session_id": "s4", "transcript_path": "/nowhere/s4.jsonl", "cwd": cwd,
            "timestamp": "2026-10-01T08:00:00.000Z", "prompt": "Mend the parser", "prompt_response": "It parses now.",
            "stop_hook_active": false})
    }),
    asks("cursor", "the agent is done", |cwd| {
        json!({"hook_event_name": "stop", "conversation_id": "s5", "generation_id": "g5", "model": "m",
            "cursor_version": "3.0", "workspace_roots": [cwd], "user_email": null, "transcript_path": null,
            "status": "completed", "loop_count": 0})
    }),
    asks("copilot", "a turn ends", |cwd| {
        json!({"sessionId": "s6", "timestamp": 1_790_000_000_000_u64, "cwd": cwd,
            "transcriptPath": "/nowhere/events.jsonl", "stopReason": "end_turn", "stop_hook_active": false})
    }),
    asks("opencode", "a session is idle", |cwd| {
        json!({"event": "session.status", "sessionID": "ses_7", "directory": cwd, "worktree": cwd,
            "prompt": "Mend the parser", "last_assistant_message": "It parses now."})
    }),
    asks(
        "goose",
        "a turn ends",
        |_| json!({"event": "Stop", "session_id": "s8", "last_assistant_message": "It parses now."}),
    ),
    asks("pi", "the agent has settled", |cwd| {
        json!({"event": "agent_settled", "cwd": cwd, "aborted": false, "prompt": "Mend the parser",
            "last_assistant_message": "It parses now."})
    }),
];

/// Other calls: those that an agent can make as well, or that went wrong.
pub(super) const OTHERS: &[Sample] = &[
    asks(
        "claude-code",
        "another hook went on with the turn",
        |cwd| json!({"hook_event_name": "Stop", "cwd": cwd, "stop_hook_active": true, "background_tasks": []}),
    ),
    asks("claude-code", "a background task has ended", |cwd| {
        json!({"hook_event_name": "Stop", "cwd": cwd,
            "background_tasks": [{"id": "b1", "type": "shell", "status": "completed"}]})
    }),
    passes("claude-code", "a background task runs", |cwd| {
        json!({"hook_event_name": "Stop", "cwd": cwd,
            "background_tasks": [{"id": "b1", "type": "shell", "status": "running", "command": "make"}]})
    }),
    passes(
        "claude-code",
        "a subagent is done",
        |cwd| json!({"hook_event_name": "SubagentStop", "cwd": cwd, "agent_id": "a1", "agent_type": "Explore"}),
    ),
    passes("claude-code", "the model failed", |cwd| {
        json!({"hook_event_name": "StopFailure", "cwd": cwd, "error": "rate_limit",
            "last_assistant_message": "API Error"})
    }),
    passes(
        "claude-code",
        "the session ends",
        |cwd| json!({"hook_event_name": "SessionEnd", "cwd": cwd, "reason": "other"}),
    ),
    passes(
        "claude-code",
        "a prompt is sent",
        |cwd| json!({"hook_event_name": "UserPromptSubmit", "cwd": cwd, "prompt": "Mend it"}),
    ),
    asks(
        "codex",
        "an ephemeral session",
        |cwd| json!({"hook_event_name": "Stop", "cwd": cwd, "transcript_path": null, "last_assistant_message": null}),
    ),
    passes(
        "codex",
        "a subagent is done",
        |cwd| json!({"hook_event_name": "SubagentStop", "cwd": cwd, "agent_id": "a1"}),
    ),
    passes(
        "codex-notify",
        "another notice",
        |cwd| json!({"type": "approval-requested", "cwd": cwd}),
    ),
    passes(
        "gemini",
        "the session ends",
        |cwd| json!({"hook_event_name": "SessionEnd", "cwd": cwd, "reason": "exit"}),
    ),
    passes(
        "cursor",
        "the user stopped it",
        |cwd| json!({"hook_event_name": "stop", "workspace_roots": [cwd], "status": "aborted"}),
    ),
    passes(
        "cursor",
        "it failed",
        |cwd| json!({"hook_event_name": "stop", "workspace_roots": [cwd], "status": "error"}),
    ),
    asks("cursor", "a headless session ends", |cwd| {
        json!({"hook_event_name": "sessionEnd", "workspace_roots": [cwd], "reason": "completed",
            "final_status": "completed"})
    }),
    passes(
        "cursor",
        "a headless session failed",
        |cwd| json!({"hook_event_name": "sessionEnd", "workspace_roots": [cwd], "final_status": "error"}),
    ),
    asks(
        "copilot",
        "a turn ends, in snake case",
        |cwd| json!({"hook_event_name": "Stop", "session_id": "s6", "cwd": cwd, "stop_reason": "end_turn"}),
    ),
    asks(
        "copilot",
        "a session is complete",
        |cwd| json!({"sessionId": "s6", "cwd": cwd, "reason": "complete"}),
    ),
    passes(
        "copilot",
        "a session was aborted",
        |cwd| json!({"sessionId": "s6", "cwd": cwd, "reason": "abort"}),
    ),
    passes(
        "opencode",
        "a subagent's session is idle",
        |cwd| json!({"event": "session.status", "sessionID": "ses_8", "parentID": "ses_7", "directory": cwd}),
    ),
    passes(
        "pi",
        "the user stopped it",
        |cwd| json!({"event": "agent_settled", "cwd": cwd, "aborted": true}),
    ),
];

/// Payloads that say nothing that can be used.
pub(super) const BAD: &[&[u8]] = &[
    b"",
    b"[]",
    b"{\"hook_event_name\": \"Stop\", \"cwd\":",
    b"{\"cwd\": \"\xff\xfe\"}",
    b"{\"hook_event_name\": 5, \"type\": [], \"event\": {}, \"cwd\": null, \"stop_hook_active\": \"yes\", \"status\": 1}",
    b"{\"cwd\": \"relative/place\", \"directory\": \"/no/such/place\", \"workspace_roots\": \"none\"}",
    b"no JSON at all",
];

const fn asks(surface: &'static str, what: &'static str, payload: fn(&Path) -> Value) -> Sample {
    Sample {
        surface,
        what,
        payload,
        asks: true,
    }
}

const fn passes(surface: &'static str, what: &'static str, payload: fn(&Path) -> Value) -> Sample {
    Sample {
        asks: false,
        ..asks(surface, what, payload)
    }
}
