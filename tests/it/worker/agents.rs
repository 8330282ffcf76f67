//! Agents' hooks: what each of them sends, what it may read, and whether its branch leaves.

use std::path::Path;

use sendoff::store::{Turn, TurnAt};
use sendoff::surfaces::SURFACES;
use serde_json::{Value, json};

use crate::program::run;
use crate::world::{World, step};

use super::put_off::{slot, state};
use super::{has_store, last_report};

/// A call that an agent makes.
struct Sample {
    surface: &'static str,
    what: &'static str,
    /// Makes the payload of an agent that works in a directory.
    payload: fn(&Path) -> Value,
    /// Whether it asks for anything.
    asks: bool,
}

/// Calls at the end of a turn.
const ENDS: &[Sample] = &[
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
const OTHERS: &[Sample] = &[
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
const BAD: &[&[u8]] = &[
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

/// What an agent may read from its hook.
fn neutral(surface: &str) -> &'static str {
    if surface == "cursor" { "{}\n" } else { "" }
}

/// Calls a hook as an agent does: its JSON on standard input, or as last argument for Codex's `notify`.
fn call(world: &World, directory: &Path, surface: &str, payload: &[u8]) -> crate::program::Said {
    let variables = world.variables();
    if surface == "codex-notify" {
        // An argument holds no NUL, and Rust's runner takes text.
        let argument = String::from_utf8_lossy(payload).into_owned();
        let arguments = ["hook", surface, &argument];
        return run(&world.sandbox, directory, &arguments, &variables, b"");
    }
    run(
        &world.sandbox,
        directory,
        &["hook", surface],
        &variables,
        payload,
    )
}

/// Returns how many calls were handed over.
fn handed_over(world: &World) -> usize {
    let status = world.run(&["status", "--json"]).report();
    status["handed_over"].as_array().unwrap().len()
}

/// Returns how many requests any server of the world has seen.
fn requests(world: &World) -> usize {
    world.git.log().len() + world.platform.heartbeats().len() + world.platform.memories().len()
}

#[test]
fn each_call_of_an_agent_is_answered_neutrally_and_kept_where_it_asks_for_something() {
    let world = World::new();
    let elsewhere = world.sandbox.path("home");
    // Whoever has the turn does the work, so that no worker is started and what is kept can be counted.
    let turn = Turn::take(Some(&state(&world)), TurnAt::Slot(&slot(&world))).unwrap();
    let mut kept = 0;
    for sample in ENDS.iter().chain(OTHERS) {
        let name = format!("{}: {}", sample.surface, sample.what);
        // Goose names no directory: its hook runs where the agent works.
        let directory = if sample.surface == "goose" {
            world.work()
        } else {
            elsewhere.clone()
        };
        for mark in ["", "\u{feff}"] {
            let payload = format!("{mark}{}", (sample.payload)(&world.work()));
            let said = call(&world, &directory, sample.surface, payload.as_bytes());
            assert_eq!(
                (said.stdout.as_str(), said.stderr.as_str(), said.code),
                (neutral(sample.surface), "", Some(0)),
                "{name}"
            );
            kept += usize::from(sample.asks);
            assert_eq!(handed_over(&world), kept, "{name}");
        }
    }
    assert_eq!(requests(&world), 0, "a hook asked a server");
    drop(turn);
}

#[test]
fn a_bad_payload_asks_for_the_branch_of_the_working_directory() {
    let world = World::new();
    let turn = Turn::take(Some(&state(&world)), TurnAt::Slot(&slot(&world))).unwrap();
    let mut kept = 0;
    for sample in ENDS {
        for payload in BAD {
            let said = call(&world, &world.work(), sample.surface, payload);
            let name = format!("{}: {}", sample.surface, String::from_utf8_lossy(payload));
            assert_eq!(
                (said.stdout.as_str(), said.code),
                (neutral(sample.surface), Some(0)),
                "{name}"
            );
            kept += 1;
            assert_eq!(handed_over(&world), kept, "{name}: {}", said.stderr);
        }
    }
    let said = call(&world, &world.work(), "claude-code", b"[]");
    let wanted = "sendoff: the payload of claude-code is left out: it is not an object\n";
    assert_eq!(said.stderr, wanted);
    assert_eq!(requests(&world), 0, "a hook asked a server");
    drop(turn);
}

#[test]
fn a_turn_of_each_agent_ships_its_branch_as_a_draft() {
    for sample in ENDS {
        let world = World::new();
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        let payload = (sample.payload)(&world.work());
        call(
            &world,
            &world.work(),
            sample.surface,
            payload.to_string().as_bytes(),
        );
        let report = last_report(&world);
        assert_eq!(report["trigger"], sample.surface, "{report}");
        assert_eq!(report["pipeline"], "post-task", "{report}");
        assert_eq!(world.tip("feature/x"), head, "{}", sample.surface);
        assert!(world.forge.pulls()[0].draft, "{}", sample.surface);
        let tells = payload.to_string().contains("Mend the parser");
        let memories = world.platform.memories();
        assert_eq!(memories.len(), usize::from(tells), "{}", sample.surface);
        if tells {
            assert_eq!(memories[0]["content"], "Conversation: Mend the parser");
        }
    }
}

#[test]
fn the_answer_of_an_agent_can_be_used_by_a_template() {
    let world = World::new();
    world.user_policy("[steps.memory-commit]\ncontent = \"{{ task.response }}\"\n");
    let payload = (ENDS[0].payload)(&world.work()).to_string();
    call(&world, &world.work(), "claude-code", payload.as_bytes());
    let report = last_report(&world);
    assert_eq!(
        step(&report, "memory-commit")["verdict"],
        "done",
        "{report}"
    );
    assert_eq!(world.platform.memories()[0]["content"], "It parses now.");
}

#[test]
fn cursor_with_several_folders_ships_the_only_repository_and_none_of_two() {
    let world = World::new();
    let turn = Turn::take(Some(&state(&world)), TurnAt::Slot(&slot(&world))).unwrap();
    let (work, home) = (world.work(), world.sandbox.path("home"));
    let folders = json!({"status": "completed", "workspace_roots": [home, work]}).to_string();
    let said = call(&world, &home, "cursor", folders.as_bytes());
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("{}\n", ""));
    assert_eq!(handed_over(&world), 1);
    let second = world.sandbox.path("second");
    world
        .sandbox
        .git(&work, &["clone", "-q", ".", second.to_str().unwrap()]);
    let folders = json!({"status": "completed", "workspace_roots": [second, work]}).to_string();
    let said = call(&world, &home, "cursor", folders.as_bytes());
    assert_eq!(said.stdout, "{}\n");
    let wanted = "sendoff: 2 repositories are open and none is shipped; run `sendoff run -C DIR` for the one that is done\n";
    assert_eq!(said.stderr, wanted);
    assert_eq!(handed_over(&world), 1);
    // Whoever names the directory has chosen.
    let arguments = ["hook", "cursor", "-C", work.to_str().unwrap()];
    run(
        &world.sandbox,
        &home,
        &arguments,
        &world.variables(),
        folders.as_bytes(),
    );
    assert_eq!(handed_over(&world), 2);
    drop(turn);
    // The advice is what helps.
    let arguments = ["run", "-C", work.to_str().unwrap(), "--json"];
    let report = world.run_in(&home, &arguments, &world.variables()).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

#[test]
fn what_a_cloud_agent_pushes_itself_is_left_to_it() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("COPILOT_AGENT_PROMPT", "Mend the parser".into()));
    let payload = json!({"cwd": world.work(), "stopReason": "end_turn"}).to_string();
    let arguments = ["hook", "copilot"];
    let said = run(
        &world.sandbox,
        &world.work(),
        &arguments,
        &variables,
        payload.as_bytes(),
    );
    super::assert_silent(&said);
    assert!(!has_store(&world));
}

#[test]
fn a_caller_that_we_do_not_know_is_told_and_served_as_any_other_program() {
    let world = World::new();
    let task = json!({"task": {"input": "Mend the parser"}}).to_string();
    let said = world.run_with_input(&["hook", "emacs"], task.as_bytes());
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    let known: Vec<&str> = SURFACES.iter().map(|surface| surface.name).collect();
    let wanted = format!(
        "sendoff: no surface is called `emacs`, so it is handled as `generic`; they are: {}\n",
        known.join(", ")
    );
    assert_eq!(said.stderr, wanted);
    let report = last_report(&world);
    assert_eq!(report["trigger"], "generic", "{report}");
    assert_eq!(world.platform.memories().len(), 1);
}
