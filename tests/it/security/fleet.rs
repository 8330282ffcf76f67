//! What the system's policy lets count on every machine of a fleet, without a person at each.

use std::process::Stdio;

use sendoff_testing::{left_out, supervise};
use serde_json::Value;

use crate::world::{World, step};

/// Runs the program where the system's policy says this; nothing where no file system can be mounted.
fn report(world: &World, system: &str) -> Option<Value> {
    let etc = world.sandbox.path("etc");
    let policy = world.sandbox.write("system.toml", system);
    let script = "mkdir -p \"$etc\" && cp -r /etc/. \"$etc\" 2>/dev/null; mkdir -p \"$etc/sendoff\" && \
                  cp \"$policy\" \"$etc/sendoff/policy.toml\" && chmod 755 \"$etc\" \"$etc/sendoff\" && \
                  chmod 644 \"$etc/sendoff/policy.toml\" && mount --bind \"$etc\" /etc && \
                  exec \"$sendoff\" run --json";
    let mut command = world.sandbox.command("unshare");
    if !sendoff_testing::is_root() {
        command.arg("--map-root-user");
    }
    command
        .args(["--mount", "sh", "-c", script])
        .envs(world.variables())
        .env("sendoff", env!("CARGO_BIN_EXE_sendoff"))
        .env("etc", &etc)
        .env("policy", &policy)
        .current_dir(world.work())
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare failed") || said.contains("permission denied") {
        left_out("mount", "no file system can be mounted in a namespace");
        return None;
    }
    let report = serde_json::from_slice(&output.stdout);
    Some(report.unwrap_or_else(|error| panic!("{error}: {said}")))
}

const POLICY: &str = "[steps.notify]\nuses = \"exec\"\ncommand = [\"./notify.sh\"]\n\
    [pipelines]\npost-task = [\"push\", \"notify\"]\n";

#[test]
fn a_step_that_the_systems_policy_lists_runs_as_long_as_it_is_the_same() {
    supervise!();
    let world = World::new();
    let mark = world.sandbox.path("mark");
    let script = format!("#!/bin/sh\ntouch {}\n", mark.display());
    world.sandbox.executable("clone/notify.sh", &script);
    world.sandbox.write("clone/.sendoff.toml", POLICY);
    let shown = world.run(&["trust", "--diff"]).stdout;
    let hashes: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.trim().strip_prefix("for `trust.steps`: "))
        .collect();
    assert_eq!(hashes.len(), 2, "{shown}");
    let runs = |system: &str| {
        let report = report(&world, system)?;
        let ran = mark.exists();
        let _absent = std::fs::remove_file(&mark);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        let is_told = report["notes"].to_string().contains("policy-untrusted");
        assert_ne!(ran, is_told, "{report}");
        Some(ran)
    };
    let Some(without) = runs("") else { return };
    assert!(!without);
    let listed = format!("[trust]\nsteps = {hashes:?}\n");
    assert_eq!(runs(&listed), Some(true));
    // The script and the policy are part of what is listed.
    let other = format!("{script}# more\n");
    world.sandbox.executable("clone/notify.sh", other);
    assert_eq!(runs(&listed), Some(false));
    world.sandbox.executable("clone/notify.sh", &script);
    assert_eq!(runs(&listed), Some(true));
    world.sandbox.write(
        "clone/.sendoff.toml",
        POLICY.replace("./notify.sh\"", "./notify.sh\", \"x\""),
    );
    assert_eq!(runs(&listed), Some(false));
}

#[test]
fn only_the_systems_policy_lists_steps() {
    supervise!();
    let world = World::new();
    let hash = "0".repeat(64);
    world.user_policy(&format!("[trust]\nsteps = [\"{hash}\"]\n"));
    let said = world.run(&["policy", "check"]);
    let text = said.stdout + &said.stderr;
    let expected = "`trust.steps` can only be set in the system's policy";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("or trust it here: sendoff trust"), "{text}");
    let short = "[trust]\nsteps = [\"abc\"]\n";
    let file = world.sandbox.write("system.toml", short);
    let said = world.run(&["policy", "check", file.to_str().unwrap()]);
    let text = said.stdout + &said.stderr;
    assert!(
        text.contains("this is no hash of `sendoff trust --diff`"),
        "{text}"
    );
}
