//! How late a run ends after its deadline, against peers that never answer, one for each stage. The promise is 50 ms on
//! an idle machine; a tenfold of it fails, because others may be at work here.

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sendoff_testing::{cases, left_out};

use crate::push::rig::script;
use crate::world::World;

use super::program;
use super::silent_peers::{Full, HALF, silent};

const DEADLINE: Duration = Duration::from_secs(1);
/// Ten times what is promised for an idle machine.
const LATE: Duration = Duration::from_millis(500);
/// How often a stage is tried on a machine that is busy with other things.
const TRIES: usize = 12;

/// Returns the processes of a world: of the program and of whatever it started.
fn processes(world: &World) -> Vec<String> {
    let home = format!("HOME={}", world.sandbox.path("home").display());
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_ours = |pid: &String| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == home.as_bytes())
    };
    pids.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(is_ours)
        .collect()
}

/// Runs a command that must end by a limit of its own, and returns how long it took.
fn time_to_end(world: &World, command: &mut Command) -> Duration {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().unwrap();
    let took = began.elapsed();
    let code = status.code();
    assert!(
        matches!(code, Some(1 | 75)),
        "it ended otherwise than by its deadline: {code:?}, {took:?}"
    );
    sendoff_testing::wait_until("the last process", || {
        processes(world).is_empty().then_some(())
    });
    took
}

/// Runs a command that must end at the deadline, and returns how much later it did.
fn overshoot(world: &World, command: &mut Command) -> Duration {
    let took = time_to_end(world, command);
    assert!(took >= DEADLINE, "it ended before its deadline: {took:?}");
    took.saturating_sub(DEADLINE)
}

/// Makes the best of a few tries, because the promise is about an idle machine.
#[expect(clippy::print_stdout, reason = "the figure is what is measured")]
fn best(stage: &str, world: &World, make: impl Fn() -> Command) {
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        best = best.min(overshoot(world, &mut make()));
        if best < LATE {
            break;
        }
    }
    println!("{stage}: {best:?} after the deadline");
    assert!(best < LATE, "{stage}: {best:?} after the deadline");
}

fn world(more: &str) -> World {
    let world = World::new();
    world.user_policy(&format!("[limits]\ndeadline = \"1s\"\n{more}"));
    world
}

#[test]
fn n01_a_machine_that_takes_no_connection() {
    let peer = Full::new();
    let port = peer.listener.local_addr().unwrap().port();
    for scheme in ["http", "https", "ssh"] {
        let world = world("");
        world.point_to(&format!("{scheme}://git@127.0.0.1:{port}/acme/rocket.git"));
        best(&format!("connect, {scheme}"), &world, || {
            world.command(&["run", "post-commit"])
        });
    }
}

/// How many programs take the processor from a run in the long mode.
const BUSY: u32 = 8;
/// Ten times what is promised beside them.
const LATE_BESIDE_OTHERS: Duration = Duration::from_millis(2500);

/// Programs that do nothing but take the processor.
struct Others(Vec<Child>);

impl Others {
    fn start(count: u32) -> Self {
        let busy = |_| {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]).spawn().unwrap()
        };
        Self((0..count).map(busy).collect())
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for other in &mut self.0 {
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
}

/// The same promise on a machine that has other things to do, in the long mode: they would slow down the other tests.
#[test]
fn n03_a_run_ends_in_time_beside_busy_processes() {
    let tries = cases(1, 20);
    let others = Others::start(cases(0, BUSY));
    let world = world("");
    world.point_to(&format!("http://127.0.0.1:{}/acme/rocket.git", silent("")));
    let mut late: Vec<Duration> = (0..tries)
        .map(|_| overshoot(&world, &mut world.command(&["run", "post-commit"])))
        .collect();
    late.sort();
    let (median, worst) = (late[late.len() / 2], late[late.len() - 1]);
    println!(
        "beside {} busy processes, {tries} runs: {median:?} after the deadline, {worst:?} at most",
        others.0.len()
    );
    assert!(median < LATE_BESIDE_OTHERS, "{late:?}");
}

#[test]
fn n02_n03_n04_a_remote_that_falls_silent_at_any_stage() {
    for (stage, scheme, says) in [
        ("no header", "http", ""),
        ("TLS", "https", ""),
        ("body", "http", HALF),
    ] {
        let world = world("");
        let port = silent(says);
        world.point_to(&format!("{scheme}://127.0.0.1:{port}/acme/rocket.git"));
        best(stage, &world, || world.command(&["run", "post-commit"]));
    }
}

#[test]
fn x16_x17_a_helper_and_ssh_that_hang() {
    let hang = "trap '' TERM INT HUP PIPE; sleep 300 & sleep 300";
    let one = world("");
    let helper = script(&one.sandbox, "home/helper", hang);
    let helper = format!("!{}", helper.display());
    one.sandbox.git(
        one.work(),
        &["config", "--global", "credential.helper", &helper],
    );
    let without_token = || {
        let mut command = one.command(&["run", "post-commit"]);
        command.env_remove("SENDOFF_TOKEN");
        command
    };
    best("helper", &one, without_token);

    let two = world("");
    let ssh = script(&two.sandbox, "home/ssh", hang);
    two.point_to("ssh://git@127.0.0.1/acme/rocket.git");
    let by_ssh = || {
        let mut command = two.command(&["run", "post-commit"]);
        command.env("GIT_SSH", &ssh);
        command
    };
    best("ssh", &two, by_ssh);
}

/// Guards that the hook's own budget ends it, while the run's deadline stands still.
#[test]
fn g22_a_pre_push_hook_ends_by_its_own_budget() {
    let world = World::new();
    let begun = world.sandbox.path("home/begun");
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        "touch \"$HOME/begun\"; sleep 300 & sleep 300",
    );
    // On a busy machine a run may pass its deadline on the way to its hook, of which this tells nothing: the next try has
    // longer, and the hook longer still.
    let mut deadline = Duration::from_millis(300);
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let budget = deadline + Duration::from_millis(700);
        world.user_policy(&format!(
            "[limits]\ndeadline = \"{}ms\"\nhook-timeout = \"{}ms\"\n",
            deadline.as_millis(),
            budget.as_millis()
        ));
        let took = time_to_end(&world, &mut world.command(&["run", "post-commit"]));
        if std::fs::remove_file(&begun).is_err() {
            deadline *= 2;
            continue;
        }
        assert!(took >= budget, "the hook ended before its time: {took:?}");
        best = best.min(took.saturating_sub(budget));
        if best < LATE {
            break;
        }
    }
    println!("hook: {best:?} after its budget");
    assert!(best < LATE, "hook: {best:?} after its budget");
}

#[test]
fn n03_a_forge_and_a_platform_that_fall_silent() {
    let one = world("");
    let port = silent("");
    let forge = format!("http://127.0.0.1:{port}");
    one.user_policy_with_forge_at(forge, "[limits]\ndeadline = \"1s\"\n");
    // The push arrives, so the run has done something: its pull request alone is late.
    let command = || {
        let mut command = one.command(&["run", "post-commit", "--set", "limits.http-timeout=20s"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let began = Instant::now();
        command().status().unwrap();
        best = best.min(began.elapsed().saturating_sub(DEADLINE));
        if best < LATE {
            break;
        }
    }
    println!("forge: {best:?} after the deadline");
    assert!(best < LATE, "forge: {best:?}");
}

/// Guards that a name server that never answers holds nobody: the resolver of the C library cannot be stopped.
#[test]
fn n01_a_name_server_that_never_answers() {
    let allowed = Command::new("unshare").args(["-m", "true"]).output();
    let server = UdpSocket::bind("127.0.0.53:53");
    let (true, Ok(_server)) = (allowed.is_ok_and(|output| output.status.success()), server) else {
        left_out("root", "the machine's name server cannot be replaced");
        return;
    };
    let world = world("");
    world.point_to("https://git.example.test/acme/rocket.git");
    let resolver = world.sandbox.write(
        "resolv.conf",
        "nameserver 127.0.0.53\noptions timeout:30 attempts:5\n",
    );
    let script = format!(
        "mount --bind '{}' /etc/resolv.conf && exec {} run post-commit",
        resolver.display(),
        program()
    );
    best("name server", &world, || {
        let mut command = world.sandbox.command("unshare");
        command
            .envs(world.variables())
            .current_dir(world.work())
            .args(["-m", "sh", "-c", &script]);
        command
    });
}
