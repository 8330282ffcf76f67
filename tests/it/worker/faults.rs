//! What the machine does to a hook and a run: no room, no rights, few files, no home, signals, closed ends. The hook
//! ends with 0, the work gets out where anything is left to do it with, and nothing that was acknowledged is lost.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sendoff::demo::Fault;
use sendoff_testing::{cases, left_out, wait_until};
use serde_json::Value;

use crate::program::Said;
use crate::world::{World, step};

use super::killed::settle;
use super::{program, report_in, wait_for_workers};

/// Returns a shell that runs a script with the world's variables in the clone; `$sendoff` is the program.
fn shell(world: &World, script: &str) -> Command {
    let mut shell = world.sandbox.command("sh");
    shell
        .args(["-c", script])
        .envs(world.variables())
        .env("sendoff", program())
        .current_dir(world.work())
        .stdin(Stdio::null());
    shell
}

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

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

/// The branch is on the server as it is in the clone.
fn assert_shipped(world: &World) {
    let head = world.sandbox.head(&world.work());
    wait_until("the branch", || {
        (world.tip("feature/x") == head).then_some(())
    });
}

fn memories(world: &World) -> usize {
    world.platform.memories().len()
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
        let said = self::said(shell(&world, &hook));
        assert_eq!(said.code, Some(0), "{home}: {}", said.stderr);
        assert!(!Path::new("/nonexistent").exists());
        assert!(
            !world.work().join("home").exists(),
            "{home}: a relative home is none"
        );
    }
}

/// Little memory may be mapped: the hook hands over, and the worker ships. The program takes 60 MiB without optimisation, and
/// each of its threads reserves 64 MiB.
#[test]
fn x10_little_address_space() {
    let world = World::new();
    let script = "ulimit -v 393216; nice -n 19 \"$sendoff\" hook executor --json";
    let said = said(shell(&world, script));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report = report_in(&world, &world.work());
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_shipped(&world);
}

/// How many files a process may open, from too few for anything to enough for everything.
const FEW_FILES: &[u32] = &[6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 32];

/// A hook and its worker that may open too few files lose nothing: what they could not send goes out once when
/// they may.
#[test]
fn few_open_files_lose_nothing() {
    let mut acknowledged = 0;
    for files in FEW_FILES {
        let world = World::new();
        world.user_policy("[limits]\ndeadline = \"2s\"\n");
        let script = format!(
            "ulimit -n {files}; echo '{{\"task\":{{\"input\":\"Fix it\"}}}}' | \"$sendoff\" hook executor"
        );
        let said = said(shell(&world, &script));
        assert_eq!(said.code, Some(0), "{files} files: {}", said.stderr);
        wait_for_workers(&world);
        let early = memories(&world);
        world.user_policy("");
        settle(&world);
        if said.stderr.is_empty() {
            acknowledged += 1;
            let report = report_in(&world, &world.work());
            assert_eq!(
                memories(&world),
                1,
                "{files} files, {early} early: {report}"
            );
            let head = world.sandbox.head(&world.work());
            assert_eq!(world.tip("feature/x"), head, "{files} files: {report}");
        } else {
            assert_eq!(
                said.stderr.lines().count(),
                1,
                "{files} files: {}",
                said.stderr
            );
            assert!(memories(&world) <= 1, "{files} files: {early} early");
        }
        println!(
            "{files} files: {early} sent at once: {}",
            said.stderr.trim_end()
        );
    }
    assert!(acknowledged > 3, "{acknowledged} hooks were acknowledged");
}

/// A run that may open too few files says what became of memory and branch, and what it calls queued goes out later.
#[test]
fn a_run_with_few_open_files_tells_the_truth() {
    for files in FEW_FILES {
        let world = World::new();
        let script = format!(
            "ulimit -n {files}; echo '{{\"task\":{{\"input\":\"Fix it\"}}}}' | \"$sendoff\" run --input - --json"
        );
        let said = said(shell(&world, &script));
        let report = said.report();
        let verdict = |name: &str| -> String {
            let steps = report["steps"].as_array().unwrap();
            let found = steps.iter().find(|step| step["name"] == name);
            found
                .map_or("none", |step| step["verdict"].as_str().unwrap())
                .to_owned()
        };
        let (memory, push) = (verdict("memory-commit"), verdict("push"));
        println!(
            "{files} files: memory {memory}, push {push}, exit {:?}",
            said.code
        );
        let expected = match report["verdict"].as_str().unwrap() {
            "done" => 0,
            "queued" => 75,
            _ => 1,
        };
        assert_eq!(said.code, Some(expected), "{files} files: {report}");
        // What is queued may go out at the run's end.
        let sent = memories(&world);
        let is_true = match memory.as_str() {
            "done" => sent == 1,
            "queued" => sent <= 1,
            _ => sent == 0,
        };
        assert!(is_true, "{files} files: {sent} memories: {report}");
        let head = world.sandbox.head(&world.work());
        assert_eq!(
            world.tip("feature/x") == head,
            push == "done",
            "{files} files: {report}"
        );
        settle(&world);
        let is_told = ["done", "queued"].contains(&memory.as_str());
        assert_eq!(
            memories(&world),
            usize::from(is_told),
            "{files} files: {report}"
        );
        if push == "queued" {
            assert_eq!(world.tip("feature/x"), head, "{files} files: {report}");
        }
    }
}

/// A run that may open too few files says so, and its advice helps.
#[test]
fn a_run_with_few_open_files_says_so() {
    let world = World::new();
    let said = said(shell(&world, "ulimit -n 12; exec \"$sendoff\" run --json"));
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "no-resources", "{report}");
    assert_eq!(
        push["advice"],
        "raise the limits of open files and processes (`ulimit -n`, `ulimit -u`) or free memory, then run again: nothing is lost"
    );
    // The advice, obeyed.
    assert_eq!(world.run(&["run"]).code, Some(0));
    assert_shipped(&world);
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
        let said = self::said(shell(&world, &script));
        assert!(said.code.is_some(), "{closed}: ended by a signal");
        assert_shipped(&world);
    }
}

/// A worker that was stopped for longer than its deadline ends when it goes on, and what it had is tried again.
#[test]
fn x05_a_run_that_was_stopped_past_its_deadline_ends_at_once() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    let mut command = world.command(&["run", "--json", "--set", "limits.deadline=1s"]);
    let running = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&running);
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let deadline = Instant::now() + Duration::from_secs(2);
    wait_until("the deadline", || (Instant::now() > deadline).then_some(()));
    let goes_on = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(
        goes_on.elapsed() < Duration::from_secs(5),
        "{:?}",
        goes_on.elapsed()
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{report}");
}

/// Whoever waits for a worker that does not move gets its own work done, or is told; nobody hangs.
#[test]
fn x15_a_worker_that_is_stopped_holds_nobody_up() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    let said = said(shell(&world, "exec \"$sendoff\" hook executor --json"));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    let worker = wait_until("the worker", || worker_of(&world));
    rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
    let begin = Instant::now();
    for arguments in [
        &["hook", "executor"] as &[&str],
        &["status"],
        &["history"],
        &["outbox", "list"],
    ] {
        let said = world.run(arguments);
        assert!(
            said.code.is_some_and(|code| code != 70),
            "{arguments:?}: {}",
            said.stderr
        );
    }
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
    rustix::process::kill_process(worker, rustix::process::Signal::KILL).unwrap();
    // The lock went with the process: the next one takes over.
    wait_until("the branch", || {
        world.run(&["flush"]);
        let head = world.sandbox.head(&world.work());
        (world.tip("feature/x") == head).then_some(())
    });
}

/// A worker that was stopped in the midst of its work goes on where it was, and what was handed over meanwhile goes
/// out with it: once.
#[test]
fn x05_a_worker_that_was_stopped_for_long_goes_on() {
    let world = World::new();
    world.platform.inject([Fault::Silence]);
    let script = "echo '{\"task\":{\"input\":\"Fix it\"}}' | \"$sendoff\" hook executor";
    assert_eq!(said(shell(&world, script)).code, Some(0));
    wait_until("the request", || {
        (!world.platform.log().is_empty()).then_some(())
    });
    let worker = wait_until("the worker", || worker_of(&world));
    rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
    let goes_on = Instant::now() + Duration::from_secs(cases(3, 60).into());
    world.commit("later.txt", "later\n", "Later");
    assert_eq!(said(shell(&world, script)).code, Some(0));
    wait_until("the time", || (Instant::now() > goes_on).then_some(()));
    rustix::process::kill_process(worker, rustix::process::Signal::CONT).unwrap();
    wait_for_workers(&world);
    settle(&world);
    assert_shipped(&world);
    assert_eq!(memories(&world), 2);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Returns the worker of a world: the process whose working directory is below its sandbox and which is called so.
fn worker_of(world: &World) -> Option<rustix::process::Pid> {
    let root = world.sandbox.path("").canonicalize().ok()?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut found = processes.filter_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_worker = command.split(|byte| *byte == 0).nth(1) == Some(b"worker");
        let variables = std::fs::read(entry.path().join("environ")).ok()?;
        let home = format!("HOME={}", root.join("home").display());
        let is_ours = variables
            .split(|byte| *byte == 0)
            .any(|one| one == home.as_bytes());
        let id = entry.file_name().to_str()?.parse().ok()?;
        (is_worker && is_ours).then(|| rustix::process::Pid::from_raw(id))?
    });
    found.next()
}
