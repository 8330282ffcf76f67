//! Agents' hooks: what each of them may read, and whether its branch leaves.

use std::path::Path;

use sendoff::store::{Turn, TurnAt};
use sendoff::surfaces::SURFACES;
use serde_json::json;

use crate::program::run;
use crate::world::{World, step};

use super::agent_payloads::{BAD, ENDS, OTHERS};
use super::put_off::{slot, state};
use super::{has_store, last_report};

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
