//! A run ends at its deadline whoever keeps it waiting, says so, and leaves no process behind.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::supervise;
use serde_json::Value;

use crate::process::is_gone;
use crate::world::World;

use super::hostile::server::{Act, Hostile, hostile, streaming};
use super::hostile::{REFS, RESULT, advertisement, endless, http, service};
use super::rig::script;

/// The run's deadline in these tests.
const DEADLINE: Duration = Duration::from_secs(3);
/// The deadlines of a run that is to reach what hangs first: a busy machine may need more than one of them.
const DEADLINES: [Duration; 3] = [DEADLINE, Duration::from_secs(12), Duration::from_secs(40)];
/// So much later it must have ended, on a busy machine.
const LATE: Duration = Duration::from_secs(20);

/// So long nobody waits for a run.
const HOPELESS: Duration = Duration::from_mins(2);

/// What a script does that wants to live for ever: it hears no signal, and has a child that hears none.
const STUBBORN: &str = "trap '' TERM INT HUP PIPE; sleep 300 & echo $! >> \"$HOME/pids\"; echo $$ >> \"$HOME/pids\"; sleep 300";

/// How a run ended.
struct Ended {
    report: Value,
    code: Option<i32>,
    took: Duration,
    deadline: Duration,
}

/// Runs `post-commit` with some settings and variables.
fn run(world: &World, sets: &[&str], variables: &[(&str, String)]) -> Ended {
    let mut command = Command::cargo_bin("sendoff").unwrap();
    command
        .env_clear()
        .envs(world.sandbox.variables())
        .envs(world.variables())
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .current_dir(world.work())
        .args(["run", "post-commit", "--json"]);
    for set in sets {
        command.args(["--set", set]);
    }
    let said = world.sandbox.path("said");
    let out = std::fs::File::create(&said).unwrap();
    command.stdin(Stdio::null()).stdout(out);
    let begin = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > HOPELESS {
            // It ends as by hand, so that its children end too.
            let id = child.id().to_string();
            let kill = world.sandbox.command("kill").arg(&id).status();
            drop((kill, child.wait()));
            panic!("the run goes on and on");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = begin.elapsed();
    let text = std::fs::read_to_string(said).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Ended {
        report,
        code: status.code(),
        took,
        deadline: DEADLINE,
    }
}

/// Runs against something that hangs; the deadline ends it, and no child lives on.
fn ends(world: &World, sets: &[&str], variables: &[(&str, String)]) -> Ended {
    ends_at(world, DEADLINE, sets, variables)
}

/// The same where the stubborn are to be there when it ends.
fn ends_with_somebody_there(world: &World, sets: &[&str], variables: &[(&str, String)]) -> Ended {
    for deadline in DEADLINES {
        let written = world.sandbox.path("home/pids");
        drop(std::fs::remove_file(&written));
        let ended = ends_at(world, deadline, sets, variables);
        let pids = std::fs::read_to_string(&written);
        if pids.is_ok_and(|pids| pids.lines().count() >= 2) {
            return ended;
        }
    }
    panic!("nobody was there");
}

fn ends_at(
    world: &World,
    deadline: Duration,
    sets: &[&str],
    variables: &[(&str, String)],
) -> Ended {
    let setting = format!("limits.deadline={deadline:?}");
    let mut all = vec![setting.as_str()];
    all.extend(sets);
    let ended = run(world, &all, variables);
    let ended = Ended { deadline, ..ended };
    let report = &ended.report;
    assert!(ended.took >= DEADLINE / 2, "{:?}: {report}", ended.took);
    assert!(ended.took < deadline + LATE, "{:?}: {report}", ended.took);
    assert_eq!(ended.code, Some(1), "{report}");
    // What the deadline ended is tried again; what has a time limit of its own is not.
    let expected = match report["steps"][0]["reason"].as_str() {
        Some("deadline") => "queued",
        _ => "failed",
    };
    assert_eq!(report["steps"][0]["verdict"], expected, "{report}");
    assert_ne!(report["steps"][1]["verdict"], "done", "{report}");
    nobody_is_left(world);
    ended
}

/// Expects the report to name the deadline.
fn by_deadline(ended: &Ended) {
    let step = &ended.report["steps"][0];
    assert_eq!(step["reason"], "deadline", "{step}");
    let deadline = ended.deadline;
    let expected = format!("the run's deadline of {deadline:?} passed (limits.deadline)");
    assert_eq!(step["summary"], expected, "{step}");
}

/// Checks what the stubborn wrote down.
fn nobody_is_left(world: &World) {
    let pids = std::fs::read_to_string(world.sandbox.path("home/pids")).unwrap_or_default();
    for pid in pids.lines() {
        assert!(is_gone(pid), "{pid} is left");
    }
}

fn set_url(world: &World, url: &str) {
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["remote", "set-url", "origin", url]);
}

#[test]
fn an_ssh_that_hangs_and_hears_no_signal() {
    supervise!();
    for before in ["", "printf 00; ", "echo thinking >&2; "] {
        let world = World::new();
        set_url(&world, "ssh://host.test/r.git");
        let ssh = script(&world.sandbox, "ssh", &format!("{before}{STUBBORN}"));
        let variables = [("GIT_SSH_COMMAND", ssh.display().to_string())];
        by_deadline(&ends_with_somebody_there(&world, &[], &variables));
    }
}

#[test]
fn an_ssh_that_hangs_after_the_pack() {
    supervise!();
    let world = World::new();
    let refs = world.sandbox.write("refs", advertisement_of_main(&world));
    set_url(&world, "ssh://host.test/r.git");
    let text = format!("cat '{}'; {STUBBORN}", refs.display());
    let ssh = script(&world.sandbox, "ssh", &text);
    let variables = [("GIT_SSH_COMMAND", ssh.display().to_string())];
    by_deadline(&ends_with_somebody_there(&world, &[], &variables));
}

#[test]
fn a_hook_of_a_file_remote_that_hangs() {
    supervise!();
    let world = World::new();
    set_url(&world, world.bare().to_str().unwrap());
    script(
        &world.sandbox,
        "served/acme/rocket.git/hooks/pre-receive",
        STUBBORN,
    );
    by_deadline(&ends_with_somebody_there(
        &world,
        &["remotes.allow-file=true"],
        &[],
    ));
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn a_credential_helper_that_hangs() {
    supervise!();
    let world = World::new();
    let helper = script(&world.sandbox, "helper", STUBBORN);
    let line = format!("!{}", helper.display());
    let global = ["config", "--global", "credential.helper", &line];
    world.sandbox.git(world.work(), &global);
    // A token in the environment would go before the helper.
    let without_token = [("SENDOFF_TOKEN", String::new())];
    by_deadline(&ends_with_somebody_there(&world, &[], &without_token));
}

#[test]
fn a_pre_push_hook_that_hangs() {
    supervise!();
    // The run's deadline stands still while it runs; it has one of its own.
    let world = World::new();
    script(&world.sandbox, "clone/.git/hooks/pre-push", STUBBORN);
    let ended = ends_with_somebody_there(&world, &["limits.hook-timeout=3s"], &[]);
    let step = &ended.report["steps"][0];
    assert_eq!(step["reason"], "hook-declined", "{step}");
    let advice = "make the pre-push hook quicker, or raise `limits.hook-timeout`";
    assert_eq!(step["advice"], advice, "{step}");
}

/// What the server of the world says when it is asked for refs.
fn advertisement_of_main(world: &World) -> Vec<u8> {
    let main = world.sandbox.git(world.work(), &["rev-parse", "main"]);
    let text = String::from_utf8(advertisement(&main)).unwrap();
    // As long as the other name is, and the branch is new.
    text.replace("refs/heads/feature", "refs/heads/another")
        .into()
}

/// Servers that fall silent: where, and how.
fn silent_servers(world: &World) -> Vec<(&'static str, Hostile)> {
    let refs = advertisement_of_main(world);
    let answer = http(REFS, &[service(), refs.clone()].concat());
    let right = || Act::Say(answer.clone());
    let begun = [endless(REFS), service(), refs[..9].to_vec()].concat();
    let report = [endless(RESULT), b"0030\x01".to_vec()].concat();
    vec![
        ("accept", hostile(Act::SILENCE, Act::SILENCE)),
        (
            "within the headers",
            hostile(Act::Hold(b"HTTP/1.1 200 O".to_vec()), Act::SILENCE),
        ),
        (
            "after the headers",
            hostile(Act::Hold(endless(REFS)), Act::SILENCE),
        ),
        ("in the body", hostile(Act::Hold(begun), Act::SILENCE)),
        ("after the pack", hostile(right(), Act::SILENCE)),
        (
            "after the headers of the report",
            hostile(right(), Act::Hold(endless(RESULT))),
        ),
        ("in the report", hostile(right(), Act::Hold(report))),
        (
            "in a report that says nothing",
            hostile(
                right(),
                Act::Flood(endless(RESULT), b"0005\x02".repeat(100)),
            ),
        ),
    ]
}

#[test]
fn n05_a_web_server_that_falls_silent_anywhere() {
    supervise!();
    let world = World::new();
    for (stage, server) in silent_servers(&world) {
        set_url(&world, &server.url());
        let ended = ends(&world, &[], &[]);
        assert_eq!(ended.report["steps"][0]["reason"], "deadline", "{stage}");
        by_deadline(&ended);
    }
}

#[test]
fn a_web_server_that_falls_silent_before_the_runs_time_is_over() {
    supervise!();
    let world = World::new();
    for (stage, server) in silent_servers(&world) {
        if stage.ends_with("says nothing") {
            // Signs of life: only the deadline ends it.
            continue;
        }
        set_url(&world, &server.url());
        let begin = Instant::now();
        // The refs have to come in this time, too.
        let ended = run(&world, &["limits.push-timeout=3s"], &[]);
        assert!(begin.elapsed() < LATE, "{stage}");
        assert_eq!(ended.code, Some(75));
        let step = &ended.report["steps"][0];
        assert_eq!(step["reason"], "timeout", "{stage}: {step}");
        assert_eq!(step["summary"], "the remote was silent for 3s", "{step}");
    }
}

#[test]
fn a_daemon_that_falls_silent_anywhere() {
    supervise!();
    let world = World::new();
    let refs = advertisement_of_main(&world);
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let half = streaming(Act::Hold(refs[..30].to_vec()), Act::SILENCE);
    let late = streaming(Act::Say(refs), Act::Hold(b"0030\x01".to_vec()));
    for address in [silent.local_addr().unwrap(), half.address, late.address] {
        set_url(&world, &format!("git://{address}/r.git"));
        world.user_policy("[remotes]\nallowed = [\"git://127.0.0.1:*/*\"]\n");
        by_deadline(&ends(&world, &[], &[]));
    }
}
