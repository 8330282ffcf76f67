//! What the machine does to a hook and a run: no room, no rights, no home, a umask, closed ends. The hook
//! ends with 0, the work gets out where anything is left to do it with, and nothing that was acknowledged is lost.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use sendoff_testing::{left_out, wait_until};

use crate::world::{World, step};

use super::shell::{assert_shipped, memories, said, shell};
use super::{program, report_in};

/// Returns a shell in a mount namespace of its own, where the state directory is a file system that `mount`
/// makes; none where this machine lets nobody make one.
fn shell_with_state(world: &World, mount: &str, script: &str) -> Option<Command> {
    let state = world.sandbox.path("home/.local/state");
    std::fs::create_dir_all(&state).unwrap();
    let in_namespace = |script: &str| {
        let mut command = world.sandbox.command("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["--mount", "sh", "-c", script])
            .envs(world.variables())
            .env("sendoff", program())
            .env("state", &state)
            .current_dir(world.work())
            .stdin(Stdio::null());
        command
    };
    let works = in_namespace(mount).output();
    if !works.is_ok_and(|output| output.status.success()) {
        left_out("mount", "no file system can be mounted in a namespace");
        return None;
    }
    Some(in_namespace(&format!("{mount} && {script}")))
}

/// What the state directory is while it takes nothing.
const TAKES_NOTHING: &[(&str, &str)] = &[
    (
        "is full",
        "mount -t tmpfs -o size=4k tmpfs \"$state\" && { head -c 4096 /dev/zero >\"$state/x\" || :; }",
    ),
    (
        "Read-only file system",
        "mount -t tmpfs -o ro tmpfs \"$state\"",
    ),
];

/// The worker gets what it needs from the hook itself, where no store can be written.
#[test]
fn x06_x07_a_hook_ships_where_the_state_directory_takes_nothing() {
    for (what, mount) in TAKES_NOTHING {
        let world = World::new();
        let script = "echo '{\"task\":{\"input\":\"Fix it\"}}' | \"$sendoff\" hook executor --json";
        let Some(shell) = shell_with_state(&world, mount, script) else {
            return;
        };
        let said = said(shell);
        assert_eq!(said.code, Some(0), "{what}: {}", said.stderr);
        assert!(
            said.stdout.starts_with("{\"run_id\":\""),
            "{what}: {}",
            said.stdout
        );
        assert!(
            said.stderr.starts_with("sendoff: nothing can be kept: ")
                && said.stderr.contains(what)
                && said.stderr.lines().count() == 1,
            "{what}: {}",
            said.stderr
        );
        assert_shipped(&world);
        wait_until("the memory", || (memories(&world) == 1).then_some(()));
        wait_until("the pull request", || {
            (world.forge.pulls().len() == 1).then_some(())
        });
    }
}

/// A run says that a memory was not delivered and could not be kept; what it can do is done.
#[test]
fn x06_x07_a_run_says_what_it_could_not_keep() {
    for (what, mount) in TAKES_NOTHING {
        let world = World::new();
        world.platform.fail_with(&[503; 8]);
        let script = "echo '{\"task\":{\"input\":\"Fix it\"}}' | \"$sendoff\" run --input - --json";
        let Some(shell) = shell_with_state(&world, mount, script) else {
            return;
        };
        let said = said(shell);
        let report = said.report();
        let memory = step(&report, "memory-commit");
        assert_eq!(memory["verdict"], "failed", "{what}: {report}");
        let summary = memory["summary"].as_str().unwrap();
        assert!(
            summary.contains("it cannot be kept for later: ") && summary.contains(what),
            "{what}: {report}"
        );
        assert_eq!(step(&report, "push")["verdict"], "done", "{what}: {report}");
        assert_eq!(said.code, Some(1), "{what}");
        assert_shipped(&world);
    }
}

/// A disk that fills up while the store is written loses nothing that was acknowledged.
#[test]
fn x06_a_disk_that_fills_up_on_the_way_loses_nothing() {
    let world = World::new();
    // The store is made while there is room; then there is none, and each hook carries its own work.
    let script = r#"
        "$sendoff" outbox list >&2
        head -c 10000000 /dev/zero >"$state/filler" 2>/dev/null
        for n in 1 2 3; do
            echo "{\"task\":{\"input\":\"Task $n\"}}" | "$sendoff" hook executor --json || exit 9
        done
    "#;
    let mount = "mount -t tmpfs -o size=256k tmpfs \"$state\"";
    let Some(shell) = shell_with_state(&world, mount, script) else {
        return;
    };
    let said = said(shell);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.stdout.lines().count(), 3, "{}", said.stdout);
    wait_until("the memories", || (memories(&world) == 3).then_some(()));
    assert_shipped(&world);
}

/// Where there is no home, or none that is a place, the work is done all the same and nothing is left in shared places.
#[test]
fn x07_no_home_at_all() {
    for home in [
        "unset HOME",
        "HOME=",
        "HOME=home; export HOME",
        "HOME=/nonexistent; export HOME",
    ] {
        let world = World::new();
        let policy = world.home_policy();
        // Its policy is named, as a caller without a home has to.
        let script = format!(
            "unset XDG_STATE_HOME XDG_CONFIG_HOME; {home}; \"$sendoff\" run --policy '{}' --json",
            policy.display()
        );
        let said = said(shell(&world, &script));
        let report = said.report();
        assert_eq!(step(&report, "push")["verdict"], "done", "{home}: {report}");
        assert_eq!(said.code, Some(0), "{home}: {report}");
        assert_shipped(&world);
        let hook = format!(
            "unset XDG_STATE_HOME XDG_CONFIG_HOME; {home}; exec \"$sendoff\" hook executor --json"
        );
        let said = super::shell::said(shell(&world, &hook));
        assert_eq!(said.code, Some(0), "{home}: {}", said.stderr);
        assert!(!Path::new("/nonexistent").exists());
        assert!(
            !world.work().join("home").exists(),
            "{home}: a relative home is none"
        );
    }
}

/// A umask that gives everything away does not count for what we write.
#[test]
fn x08_what_is_written_is_private_whatever_the_umask() {
    let world = World::new();
    let said = said(shell(
        &world,
        "umask 000; exec \"$sendoff\" hook executor --json",
    ));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    report_in(&world, &world.work());
    let mut left = vec![world.sandbox.path("home/.local/state/sendoff")];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let data = path.symlink_metadata().unwrap();
        let mode = data.permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        if data.is_dir() {
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        }
        seen += 1;
    }
    assert!(seen > 3, "the store and the log are among them");
}

/// A caller that closes its end, or never had one, does not end the work.
#[test]
fn x04_closed_ends() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "| true"] {
        let world = World::new();
        let script = format!("\"$sendoff\" hook executor --json {closed}");
        let said = said(shell(&world, &script));
        assert_eq!(said.code, Some(0), "{closed}: {}", said.stderr);
        assert_shipped(&world);
        world.commit("later.txt", "later\n", "Later");
        let script = format!("\"$sendoff\" run --json {closed}");
        let said = super::shell::said(shell(&world, &script));
        assert!(said.code.is_some(), "{closed}: ended by a signal");
        assert_shipped(&world);
    }
}
