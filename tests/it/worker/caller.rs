//! What the caller of a hook sees: nothing, at once, whatever it sends.

use std::io::Read;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use sendoff::demo::Fault;
use serde_json::{Value, json};

use crate::program::run;
use crate::push::rig::script;
use crate::world::{World, step};

use super::{
    assert_silent, fifty_hooks, git, has_store, install, last_report, program, pushes, workers,
};

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

/// Guards the caller of a hook against a repository that takes for ever to look at.
#[test]
fn a_look_that_does_not_end_is_left_to_the_worker() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("SENDOFF_FAILPOINT", "hang:hook-looked".into()));
    let said = world.run_in(&world.work(), &["hook", "git-post-commit"], &variables);
    assert_silent(&said);
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(pushes(&world), 1);
    // Where there is nothing to do, the worker finds that out.
    let said = world.run_in(
        &world.work(),
        &["hook", "git-post-commit", "--json"],
        &variables,
    );
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let run_id = &said.report()["run_id"];
    let report = last_report(&world);
    assert_eq!(&report["run_id"], run_id, "{report}");
    assert_eq!(pushes(&world), 1);
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
    // The worker waits for the platform, which never answers, when the caller's files are looked at.
    world.user_policy("[limits]\nhttp-timeout = \"100s\"\nstep-timeout = \"100s\"\n");
    world.platform.inject([Fault::Silence]);
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
    let workers = workers(&world);
    assert!(!workers.is_empty(), "the caller waited for the worker");
    for pid in workers {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
    }
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

/// Guards that a step that commits, and a hook of our own push, do not call us again.
#[test]
fn what_a_run_causes_asks_for_nothing() {
    let world = World::new();
    install(&world, "clone/.git/hooks", "post-commit", "git-post-commit");
    install(&world, "clone/.git/hooks", "pre-push", "git-post-commit");
    world.user_policy(
        "[pipelines]\npost-commit = [\"note\", \"push\"]\n[steps.note]\nuses = \"exec\"\n\
         command = [\"git\", \"-c\", \"user.name=n\", \"-c\", \"user.email=n@example.test\", \"commit\", \"-q\", \"--allow-empty\", \"-m\", \"Note it\"]\n\
         [steps.push]\nhooks = \"run\"\n",
    );
    let before = world.sandbox.head(&world.work());
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "note")["verdict"], "done", "{report}");
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_ne!(world.sandbox.head(&world.work()), before);
    let runs = world.run(&["history", "--json"]).stdout;
    assert_eq!(runs.lines().count(), 1, "{runs}");
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["handed_over"], json!([]), "{status}");
    assert!(workers(&world).is_empty());
}

/// Guards a container that ends with its command: the hook returns when the run has ended, also where nothing can be kept.
#[test]
fn an_executor_can_wait_for_the_end() {
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    for (arguments, keeps) in [
        (&["hook", "executor", "--wait"][..], true),
        (&["hook", "executor", "--wait", "--json"], true),
        (&["hook", "executor", "--wait"], false),
        (&["hook", "executor", "--wait", "--json"], false),
    ] {
        let world = World::new();
        if !keeps {
            // A state directory that is somebody else's.
            let state = world.sandbox.path("home/.local/state");
            std::fs::create_dir_all(&state).unwrap();
            std::os::unix::fs::symlink(world.sandbox.path("served"), state.join("sendoff"))
                .unwrap();
        }
        let said = world.run_with_input(arguments, task.as_bytes());
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
        assert_eq!(world.platform.memories().len(), 1);
        assert_eq!(world.forge.pulls().len(), 1);
        match (keeps, arguments.contains(&"--json")) {
            (true, true) => {
                assert_eq!(said.report()["verdict"], "done");
                assert_eq!(said.stderr, "");
            }
            (true, false) => {
                assert_eq!(said.stdout, "");
                assert!(said.stderr.contains("done     push"), "{}", said.stderr);
            }
            (false, json) => {
                assert_eq!(said.stdout.contains("run_id"), json, "{}", said.stdout);
                assert!(
                    said.stderr.starts_with("sendoff: nothing can be kept: ")
                        && said.stderr.ends_with(
                            "sendoff: the run has ended; its report could not be kept\n"
                        ),
                    "{}",
                    said.stderr
                );
            }
        }
    }
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
    let slowest = fifty_hooks(&world);
    last_report(&world);
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["is_out"], true, "{status}");
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
    let pushes = pushes(&world);
    assert_eq!(pushes, 1, "the slowest hook took {slowest:?}");
}
