//! X23: what a run has in memory is for nobody else, and what it starts is as it would be.

use std::fs;
use std::process::Command;

use sendoff_testing::{is_root, left_out, tool};
use serde_json::Value;

use crate::push::rig::script;
use crate::world::{TOKEN, World, step};

use super::{last_report, program};

/// A hook that looks into the process that started it, and into itself.
const LOOK: &str = "
    # What the program lowered is lifted for the moment in which it starts this hook.
    while ! grep -q '^Max core file size *0 ' /proc/$PPID/limits; do :; done
    cat /proc/$PPID/environ >\"$HOME/theirs\" 2>\"$HOME/refused\"
    cat /proc/$$/environ >\"$HOME/own\"
    grep '^Max core' /proc/self/limits >\"$HOME/limits\"
    cat /proc/$PPID/cmdline >\"$HOME/cmdline\"
    exit 0
";

/// Starts the program as a user without the rights of root; nothing where that cannot be done here.
fn without_rights(world: &World, arguments: &str) -> Option<Command> {
    let drop = if is_root() {
        let Some(setpriv) = tool("setpriv") else {
            left_out("setpriv", "root sees every process");
            return None;
        };
        format!("{} --bounding-set=-all --inh-caps=-all", setpriv.display())
    } else {
        String::new()
    };
    let usual = world.command(&[]);
    let script = format!("ulimit -S -c 100; exec {drop} {} {arguments}", program());
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .envs(
            usual
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env_remove("SENDOFF_WATCHED")
        .current_dir(world.work())
        .args(["-c", &script]);
    Some(command)
}

fn assert_private(world: &World, report: &Value) {
    assert_eq!(step(report, "push")["verdict"], "done", "{report}");
    let read = |name: &str| {
        let bytes = fs::read(world.sandbox.path("home").join(name)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert_eq!(read("theirs"), "");
    let refused = read("refused");
    assert!(refused.contains("Permission denied"), "{refused}");
    // The control: what did nothing about it can be read.
    assert!(read("own").contains("HOME="));
    assert!(!read("cmdline").contains(TOKEN));
    // `ulimit` counts blocks of 512 or 1024 bytes.
    let limits = read("limits");
    let soft = limits.split_whitespace().nth(4).unwrap_or_default();
    assert!(["51200", "102400"].contains(&soft), "{limits}");
}

#[test]
fn x23_nobody_looks_into_a_run_or_a_worker() {
    let world = World::new();
    script(&world.sandbox, "clone/.git/hooks/pre-push", LOOK);
    world.user_policy("[steps.push]\nhooks = \"run\"\n");
    let Some(mut run) = without_rights(&world, "run --json") else {
        return;
    };
    let said = run.output().unwrap();
    let report = serde_json::from_slice(&said.stdout).unwrap();
    assert_private(&world, &report);
    world.commit("more.txt", "more", "Add more");
    let mut hook = without_rights(&world, "hook git-post-commit").unwrap();
    assert!(hook.status().unwrap().success());
    assert_private(&world, &last_report(&world));
}
