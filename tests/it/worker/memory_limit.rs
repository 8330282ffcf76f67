//! A worker's memory has a limit: it ends one worker, its work stays, and the programs that it starts do not inherit it.

use std::fs;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use sendoff_testing::noise;
use serde_json::json;

use crate::push::rig::script;
use crate::world::{World, step};

use super::killed::settle;
use super::{last_report, program, workers};

/// Returns the soft limit in a copy of `/proc/PID/limits`.
fn data_limit(limits: &str) -> &str {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max data size"));
    line.and_then(|line| line.split_whitespace().next())
        .unwrap_or_default()
}

#[test]
fn a_worker_has_a_limit_and_the_hook_that_it_starts_has_not() {
    let world = World::new();
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        // The worker has lifted its limit for the moment in which it starts this hook.
        "while grep -q '^Max data size *unlimited' /proc/$PPID/limits; do :; done\n\
         cat /proc/$PPID/limits >\"$HOME/worker\"; cat /proc/self/limits >\"$HOME/hook\"",
    );
    world.user_policy("[steps.push]\nhooks = \"run\"\n");
    assert_eq!(world.run(&["hook", "git-post-commit"]).code, Some(0));
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let limit = |name: &str| {
        let copy = fs::read_to_string(world.sandbox.path("home").join(name)).unwrap();
        data_limit(&copy).to_owned()
    };
    let own = fs::read_to_string("/proc/self/limits").unwrap();
    assert_eq!(
        (limit("worker").as_str(), limit("hook").as_str()),
        ("2147483648", data_limit(&own))
    );
}

/// Guards that what was acknowledged goes out once, wherever the memory of hook and worker ended.
#[test]
fn what_a_worker_without_memory_leaves_goes_out_later() {
    let mut acknowledged = 0;
    for kib in [2_000, 4_000, 6_000, 9_000, 14_000, 20_000, 30_000, 60_000] {
        let world = World::new();
        world.sandbox.write("clone/large", noise(7, 8 << 20));
        world.sandbox.git(world.work(), &["add", "large"]);
        world
            .sandbox
            .git(world.work(), &["commit", "-qm", "Add a file"]);
        let task = world.sandbox.write(
            "task.json",
            json!({"task": {"input": "Fix it"}}).to_string(),
        );
        let mut shell = Command::new("sh");
        shell
            .args([
                "-c",
                "ulimit -S -d \"$1\" && exec \"$2\" hook executor --json <\"$3\" 2>/dev/null",
                "sh",
            ])
            .arg(kib.to_string())
            .arg(program())
            .arg(task)
            .env_clear()
            .envs(world.sandbox.variables())
            .envs(world.variables())
            .current_dir(world.work());
        let is_acknowledged = String::from_utf8(shell.output().unwrap().stdout)
            .unwrap()
            .contains("run_id");
        acknowledged += u32::from(is_acknowledged);
        // It would try again by itself, under the same limit.
        for pid in workers(&world) {
            let _ended = kill_process(
                Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
                Signal::KILL,
            );
        }
        if !is_acknowledged {
            continue;
        }
        settle(&world);
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        let mut told = String::new();
        for line in world.run(&["history", "--json"]).stdout.lines() {
            let run: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = run["run_id"].as_str().unwrap();
            told += &world.run(&["history", "--json", id]).stdout;
        }
        assert_eq!(
            (world.tip("feature/x"), world.forge.pulls().len()),
            (head, 1),
            "{kib} KiB: {told}"
        );
        assert_eq!(world.platform.memories().len(), 1, "{kib} KiB");
    }
    assert!(acknowledged >= 5, "{acknowledged} of 8 were acknowledged");
}
