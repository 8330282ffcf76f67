//! `hooks/executor_finally.py` with the Python package of `packaging/python`, on the whole world.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sendoff_testing::{left_out, tool, wait_until};
use serde_json::Value;

use crate::world::{TOKEN, World};

/// What an agent does in these tests: commits, and answers with the prompt.
const AGENT: &str = "cat && git commit -q --allow-empty -m 'From an agent'";

/// Returns a Python that the package runs on; says that the test is left out where there is none.
///
/// It is asked for its own path, because a version manager's stand-in needs the user's home.
fn python() -> Option<PathBuf> {
    let code = "import sys; print(sys.executable if sys.version_info >= (3, 9) else '')";
    let asked = Command::new(tool("python3")?).args(["-c", code]).output();
    let path = String::from_utf8(asked.unwrap().stdout).unwrap();
    if path.trim().is_empty() {
        left_out("python3", "it is older than 3.9");
        return None;
    }
    Some(path.trim().into())
}

/// An executor on its way.
struct Executor {
    child: Child,
    began: Instant,
}

/// What it said.
struct Said {
    stdout: String,
    stderr: String,
    code: Option<i32>,
    took: Duration,
}

impl Executor {
    /// Starts the script in the world's clone with a command for an agent.
    fn start(world: &World, program: &Path, arguments: &[&str], agent: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = world
            .sandbox
            .command(python()?)
            .arg(root.join("hooks/executor_finally.py"))
            .args(["-C", world.work().to_str().unwrap()])
            .args(arguments)
            .args(["sh", "-c", agent])
            .env("PYTHONPATH", root.join("packaging/python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SENDOFF_BIN", program)
            .envs(world.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"# Paint **it**\nblue")
            .unwrap();
        Some(Self {
            child,
            began: Instant::now(),
        })
    }

    /// Waits for its end.
    fn said(self) -> Said {
        let output = self.child.wait_with_output().unwrap();
        let said = Said {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
            took: self.began.elapsed(),
        };
        assert!(!said.stderr.contains("Traceback"), "{}", said.stderr);
        assert!(!said.stderr.contains(TOKEN) && !said.stdout.contains(TOKEN));
        said
    }
}

fn real() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sendoff"))
}

/// Waits for the worker that the task was handed over to, by the id that the script told.
fn wait_for_the_worker(world: &World, said: &Said) {
    let told = said.stderr.trim_end().strip_prefix("send-off: detached ");
    let run = told.unwrap_or_else(|| panic!("{}", said.stderr));
    let waited = world.run(&["status", run, "--wait", "60s", "--json"]);
    assert_eq!(waited.report()["run_id"], run);
}

/// Says whether the clone's branch is on the server, with a draft for it.
fn is_shipped(world: &World) -> bool {
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    let drafts: Vec<bool> = world.forge.pulls().iter().map(|pull| pull.draft).collect();
    world.tip("feature/x") == head && drafts == [true]
}

/// Returns the heartbeats as pairs of task and count.
fn heartbeats(world: &World) -> Vec<(Value, Value)> {
    let told = world.platform.heartbeats();
    told.iter()
        .map(|told| (told["current_task"].clone(), told["active_tasks"].clone()))
        .collect()
}

#[test]
fn an_executor_that_succeeds_ships_memory_heartbeat_branch_and_draft() {
    let world = World::new();
    let Some(executor) = Executor::start(&world, &real(), &[], AGENT) else {
        return;
    };
    let said = executor.said();
    assert_eq!(said.stdout, "# Paint **it**\nblue");
    assert_eq!(said.code, Some(0));
    wait_for_the_worker(&world, &said);
    assert!(is_shipped(&world));
    let subject = world
        .sandbox
        .git(world.bare(), &["log", "-1", "--format=%s", "feature/x"]);
    assert_eq!(subject, "From an agent");
    assert_eq!(
        heartbeats(&world),
        [("Paint it".into(), 1.into()), ("".into(), 0.into())]
    );
    let memories = world.platform.memories();
    assert_eq!(memories.len(), 1);
    assert_eq!(memories[0]["content"], "Conversation: # Paint **it**\nblue");
}

#[test]
fn an_executor_that_fails_ships_too_and_keeps_its_exit_code() {
    let world = World::new();
    let agent = format!("{AGENT}; echo 'HTTP 429' >&2; exit 3");
    let Some(executor) = Executor::start(&world, &real(), &[], &agent) else {
        return;
    };
    let said = executor.said();
    assert_eq!(said.code, Some(3));
    wait_for_the_worker(&world, &said);
    assert!(is_shipped(&world));
    assert_eq!(heartbeats(&world).last(), Some(&("".into(), 0.into())));
    assert_eq!(world.platform.memories().len(), 1);
}

#[test]
fn an_executor_that_waits_tells_how_it_went() {
    let world = World::new();
    let Some(executor) = Executor::start(&world, &real(), &["--wait"], AGENT) else {
        return;
    };
    let said = executor.said();
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "send-off: ok done\n")
    );
    assert!(is_shipped(&world));
}

#[test]
fn an_executor_that_is_cancelled_ends_its_agent_and_ships() {
    let world = World::new();
    let begun = world.sandbox.path("begun");
    let agent = format!("{AGENT}; touch '{}'; exec sleep 600", begun.display());
    let Some(executor) = Executor::start(&world, &real(), &[], &agent) else {
        return;
    };
    wait_until("the agent", || begun.exists().then_some(()));
    let pid = rustix::process::Pid::from_child(&executor.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let said = executor.said();
    assert_eq!(said.code, Some(143));
    wait_for_the_worker(&world, &said);
    assert!(is_shipped(&world));
    assert_eq!(heartbeats(&world).last(), Some(&("".into(), 0.into())));
}

#[test]
fn an_executor_without_the_program_answers_all_the_same() {
    let world = World::new();
    let gone = world.sandbox.path("gone");
    let Some(executor) = Executor::start(&world, &gone, &[], AGENT) else {
        return;
    };
    let said = executor.said();
    assert_eq!(said.stdout, "# Paint **it**\nblue");
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "send-off: not-found\n")
    );
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn an_executor_answers_in_time_when_the_program_hangs() {
    let world = World::new();
    let hanging = world
        .sandbox
        .executable("hanging", "#!/bin/sh\nsleep 600 & wait\n");
    let Some(executor) = Executor::start(&world, &hanging, &["--wait", "--timeout", "0.5"], AGENT)
    else {
        return;
    };
    let said = executor.said();
    assert_eq!(said.stdout, "# Paint **it**\nblue");
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "send-off: timeout\n")
    );
    // A heartbeat that gives up after six seconds, and a run that gives up after half a second.
    assert!(said.took < Duration::from_secs(40), "{:?}", said.took);
}

#[test]
fn the_functions_that_executors_know_reach_platform_and_forge() {
    let world = World::new();
    let Some(python) = python() else { return };
    let code = "
import asyncio, sys
from types import SimpleNamespace
from sendoff.compat import *

async def main():
    heartbeat = SimpleNamespace()
    await set_current_task(heartbeat, 'paint with ghp_' + 'a1' * 18)
    await commit_memory('Conversation: {{ 7 * 7 }} ghp_' + 'b2' * 18)
    print(await recall_memories())
    await auto_push_hook(sys.argv[1])
    await set_current_task(heartbeat, '')
    print(heartbeat.active_tasks)

asyncio.run(main())
";
    let output = world
        .sandbox
        .command(python)
        .args(["-c", code, world.work().to_str().unwrap()])
        .env(
            "PYTHONPATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/python/src"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SENDOFF_BIN", real())
        .envs(world.variables())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "- [LOCAL] Conversation: {{ 7 * 7 }} [REDACTED]\n0\n"
    );
    assert_eq!(
        heartbeats(&world),
        [
            ("paint with [REDACTED]".into(), 1.into()),
            ("".into(), 0.into())
        ]
    );
    assert!(is_shipped(&world));
}

#[test]
fn the_script_takes_a_command_behind_dashes_and_names_one_that_is_missing() {
    let world = World::new();
    let Some(python) = python() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (command, wanted, told) in [
        (&["--", "true"][..], 0, "send-off: "),
        (
            &["no-such-agent"],
            127,
            "executor_finally.py: there is no command 'no-such-agent'\n",
        ),
    ] {
        let output = world
            .sandbox
            .command(&python)
            .arg(root.join("hooks/executor_finally.py"))
            .args(["-C", world.work().to_str().unwrap()])
            .args(command)
            .env("PYTHONPATH", root.join("packaging/python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SENDOFF_BIN", "/no/such/sendoff")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(wanted), "{stderr}");
        assert!(stderr.starts_with(told), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}
