//! What the caller of a hook sees: nothing, at once, whatever it sends.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::push::rig::script;
use crate::world::{World, run, step};

use super::{assert_silent, git, has_store, install, last_report, program, pushes};

#[test]
fn a_commit_returns_at_once_and_its_branch_is_shipped() {
    let world = World::new();
    install(&world, "clone/.git/hooks", "post-commit", "git-post-commit");
    std::fs::write(world.work().join("b.txt"), "hello\n").unwrap();
    world.sandbox.git(world.work(), &["add", "--all"]);
    let output = git(&world, &world.work(), &["commit", "-q", "-m", "Say hello"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let report = last_report(&world);
    assert_eq!(report["trigger"], "git-post-commit");
    let url = step(&report, "pr-create")["outputs"]["url"]
        .as_str()
        .unwrap();
    assert!(url.ends_with("/acme/rocket/pull/1"), "{report}");
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

#[test]
fn x03_the_worker_lives_on_when_the_callers_group_is_killed() {
    let world = World::new();
    // The group is killed the moment the hook has returned; the server answers late.
    let script = format!(
        "#!/bin/sh\n{} hook git-post-commit </dev/null\nkill -9 0\n",
        program()
    );
    let script = world.sandbox.executable("caller", script);
    let mut caller = world.sandbox.command("setsid");
    let status = caller
        .arg("--wait")
        .arg(script)
        .envs(world.variables())
        .current_dir(world.work())
        .status()
        .unwrap();
    assert!(!status.success());
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert!(!world.tip("feature/x").is_empty());
}

#[test]
fn a_worker_leads_a_session_wherever_its_caller_stands() {
    let world = World::new();
    // A hook of its push tells of it: the fourth field behind the name of the program is the session.
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        "read -r worker _ _ _ _ session _ </proc/$PPID/stat; echo $worker $session >\"$HOME/told\"",
    );
    world.user_policy("[steps.push]\nhooks = \"run\"\n");
    assert_silent(&world.run(&["hook", "git-post-commit"]));
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let told = std::fs::read_to_string(world.sandbox.path("home").join("told")).unwrap();
    let (worker, session) = told.trim().split_once(' ').unwrap();
    assert_eq!(worker, session);
}

#[test]
fn nothing_of_the_callers_stays_open() {
    let world = World::new();
    world.platform.fail_with(&[503]);
    // A third file, as a shell's `3>&1` opens one: whoever reads it waits for the last copy.
    let script = format!("#!/bin/sh\nexec 3>&1\nexec {} hook executor\n", program());
    let script = world.sandbox.executable("caller", script);
    let mut caller = world
        .sandbox
        .command(script)
        .envs(world.variables())
        .current_dir(world.work())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stdout = caller.stdout.take().unwrap();
    stdout.read_to_string(&mut said).unwrap();
    assert!(caller.wait().unwrap().success());
    assert_eq!(said, "");
    last_report(&world);
}

#[test]
fn where_there_is_nothing_to_do_a_hook_says_nothing_and_keeps_nothing() {
    let world = World::new();
    world.sandbox.git(world.work(), &["switch", "-q", "main"]);
    assert_silent(&world.run(&["hook", "git-post-commit"]));
    assert_silent(&world.run_in(
        &world.sandbox.path("home"),
        &["hook", "git-post-commit"],
        &[],
    ));
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "--detach"]);
    assert_silent(&world.run(&["hook", "git-post-rewrite", "amend"]));
    assert!(!has_store(&world));
}

#[test]
fn a_hook_that_is_off_or_that_we_caused_ends_at_once() {
    let world = World::new();
    for (name, value) in [("SENDOFF", "0"), ("SENDOFF_ACTIVE", "1")] {
        let mut variables = world.variables();
        variables.push((name, value.to_owned()));
        let said = world.run_in(&world.work(), &["hook", "git-post-commit"], &variables);
        assert_silent(&said);
        let said = world.run_in(&world.work(), &["hook", "executor", "--json"], &variables);
        assert_eq!(said.stdout, "{\"run_id\":null}\n");
    }
    assert!(!has_store(&world));
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn an_executor_hands_its_task_over_and_gets_the_run_id() {
    let world = World::new();
    let task =
        json!({"task": {"input": "Fix it, my token is ghp_0123456789012345678901234567890123AB"}});
    let said = world.run_with_input(&["hook", "executor", "--json"], task.to_string().as_bytes());
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.stderr.as_str(), said.code), ("", Some(0)));
    let report = last_report(&world);
    assert_eq!(report["run_id"], answer["run_id"]);
    assert_eq!(
        (&report["pipeline"], &report["trigger"]),
        (&json!("post-task"), &json!("executor"))
    );
    let memories = world.platform.memories();
    assert_eq!(memories.len(), 1);
    assert_eq!(
        memories[0]["content"],
        "Conversation: Fix it, my token is [REDACTED]"
    );
    assert_eq!(step(&report, "pr-create")["verdict"], "done");
}

#[test]
fn a_failed_task_is_handed_over_to_its_own_pipeline() {
    let world = World::new();
    let task = json!({"task": {"input": "Fix it", "ok": false, "stderr": "boom", "exit_code": 1}});
    world.run_with_input(&["hook", "generic"], task.to_string().as_bytes());
    assert_eq!(last_report(&world)["pipeline"], "on-failure");
}

#[test]
fn x22_a_payload_that_is_none_costs_the_task_and_not_the_branch() {
    for (payload, wanted) in [
        (
            &b"{\"task\": 5}"[..],
            "`task` is a number, and must be an object",
        ),
        (
            b"\xff\xfe no text at all",
            "expected value at line 1 column 1",
        ),
    ] {
        let world = World::new();
        let said = world.run_with_input(&["hook", "executor"], payload);
        assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
        let line = format!("sendoff: the task document is left out: {wanted}\n");
        assert_eq!(said.stderr, line);
        assert_eq!(step(&last_report(&world), "push")["verdict"], "done");
    }
}

#[test]
fn x22_an_input_that_is_never_closed_does_not_hold_the_hook() {
    let world = World::new();
    let mut command = world.command(&["hook", "executor"]);
    let mut hook = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = hook.stdin.take().unwrap();
    stdin
        .write_all(b"{\"task\": {\"input\": \"Fix it\"}}")
        .unwrap();
    let began = Instant::now();
    assert!(hook.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    drop(stdin);
    // What came in time was whole, so it counts.
    last_report(&world);
    assert_eq!(world.platform.memories().len(), 1);
}

#[test]
fn a_hook_exits_0_whatever_its_arguments_are() {
    let world = World::new();
    for arguments in [
        &["hook"][..],
        &["hook", "emacs"],
        &["hook", "executor", "--set", "a=b"],
    ] {
        let said = run(&world.sandbox, &world.work(), arguments, &[], b"");
        assert_eq!(
            (said.stdout.as_str(), said.code),
            ("", Some(0)),
            "{arguments:?}"
        );
    }
    let said = run(&world.sandbox, &world.work(), &["hook", "emacs"], &[], b"");
    assert!(said.stderr.contains("git-post-commit"), "{}", said.stderr);
}

#[test]
fn x13_fifty_hooks_at_once_make_one_push_and_one_pull_request() {
    let world = World::new();
    let slowest = std::thread::scope(|scope| {
        let hooks: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let began = Instant::now();
                    assert_silent(&world.run(&["hook", "git-post-commit"]));
                    began.elapsed()
                })
            })
            .collect();
        hooks.into_iter().map(|hook| hook.join().unwrap()).max()
    });
    last_report(&world);
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["is_out"], true, "{status}");
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
    let pushes = pushes(&world);
    assert_eq!(pushes, 1, "the slowest hook took {slowest:?}");
}
