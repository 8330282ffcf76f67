//! A signal ends the run soon, with the report so far and no child left.

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sendoff::demo::Fault;
use sendoff_testing::wait_until;
use serde_json::{Value, json};

use crate::process::is_gone;
use crate::push::rig::script;
use crate::world::{World, step};

/// Starts a run whose `pre-push` hook never ends, waits until it runs, and returns both.
fn stuck(world: &World, arguments: &[&str]) -> (Child, String) {
    let text = "sleep 600 & echo $! > \"$HOME/child\"; wait";
    script(&world.sandbox, "clone/.git/hooks/pre-push", text);
    let mut command = world.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().unwrap();
    let path = world.sandbox.path("home/child");
    let child = wait_until("the hook", || {
        let text = std::fs::read_to_string(&path).ok()?;
        text.ends_with('\n').then(|| text.trim().to_owned())
    });
    (run, child)
}

/// Sends a signal, and returns how long the run took to end, its code and what it printed.
fn end(world: &World, run: Child, signal: &str) -> (Duration, Option<i32>, String) {
    let begin = Instant::now();
    let mut kill = world.sandbox.command("kill");
    kill.args([signal, &run.id().to_string()]).status().unwrap();
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (begin.elapsed(), output.status.code(), text)
}

#[test]
fn each_signal_ends_the_run_in_order() {
    for (signal, name, code) in [
        ("-INT", "sigint", 130),
        ("-TERM", "sigterm", 143),
        ("-HUP", "sighup", 129),
    ] {
        let world = World::new();
        let (run, child) = stuck(&world, &["run", "post-commit", "--json"]);
        let (took, exit, text) = end(&world, run, signal);
        assert!(took < Duration::from_secs(30), "{signal}: {took:?}");
        assert_eq!(exit, Some(code), "{text}");
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["exit_code"], code);
        assert_eq!(report["steps"][0]["reason"], "interrupted", "{report}");
        assert_eq!(report["steps"][1]["reason"], "interrupted", "{report}");
        let notes = report["notes"].as_array().unwrap();
        assert!(notes.iter().any(|note| note["code"] == name), "{report}");
        assert!(is_gone(&child), "the hook's child lives on");
        assert_eq!(world.tip("feature/x"), "");
        // Nothing is locked: the same work goes out at once.
        std::fs::remove_file(world.work().join(".git/hooks/pre-push")).unwrap();
        let report = world.report(&["run", "post-commit"]);
        assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
    }
}

#[test]
fn a_caller_that_wants_no_failure_gets_none_from_a_signal_either() {
    let world = World::new();
    let (run, child) = stuck(&world, &["run", "post-commit", "--best-effort"]);
    let (_, exit, text) = end(&world, run, "-TERM");
    assert_eq!(exit, Some(0));
    assert!(text.contains("SIGTERM ended the run"), "{text}");
    assert!(is_gone(&child));
}

#[test]
fn the_deadline_leaves_no_child_either() {
    let world = World::new();
    // The platform's helper has no flag to look at: only the end of the process ends it.
    let text = "sleep 600 & echo $! > \"$HOME/child\"; wait";
    let helper = script(&world.sandbox, "home/helper", text);
    let helper = format!("!{}", helper.display());
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["config", "--global", "credential.helper", &helper]);
    world.user_policy("[limits]\ndeadline = \"5s\"\n");
    let variables = [("PLATFORM_URL", world.platform.url().to_string())];
    let said = world.run_in(&world.work(), &["run", "post-commit"], &variables);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let child = std::fs::read_to_string(world.sandbox.path("home/child")).unwrap();
    assert!(is_gone(&child), "{}", said.stdout);
}

/// The task of a run that a signal ends is told to the platform all the same, once, also where its memory was on the way.
#[test]
fn a_memory_that_a_signal_cut_off_is_sent_later() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let world = World::new();
        // The heartbeat is cleared beside the memory, and either can be the first.
        world.platform.inject([Fault::Silence, Fault::Silence]);
        // The push, which goes out beside the memory, is not there yet.
        script(
            &world.sandbox,
            "clone/.git/hooks/pre-push",
            "exec sleep 600",
        );
        let mut run = world
            .command(&["run", "--input", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let task = json!({"task": {"input": "Fix it"}}).to_string();
        let mut stdin = run.stdin.take().unwrap();
        stdin.write_all(task.as_bytes()).unwrap();
        drop(stdin);
        wait_until("both requests", || {
            (world.platform.log().len() == 2).then_some(())
        });
        let (_, _, text) = end(&world, run, signal);
        let report: Value = serde_json::from_str(&text).unwrap();
        let memory = step(&report, "memory-commit");
        assert_eq!(memory["verdict"], "queued", "{report}");
        assert_eq!(
            memory["advice"], "it is tried again by itself; to try now: sendoff flush",
            "{report}"
        );
        // The branch is not pushed behind the back of whoever sent the signal.
        assert_eq!(step(&report, "push")["reason"], "interrupted", "{report}");
        // The advice, obeyed.
        std::fs::remove_file(world.work().join(".git/hooks/pre-push")).unwrap();
        world.run(&["flush"]);
        assert_eq!(world.platform.memories().len(), 1, "{signal}");
        assert_eq!(world.tip("feature/x"), "");
    }
}
