//! `git://`, with git's own daemon behind a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sendoff::git::push::{AllowGit, PushOptions, remote_head};
use sendoff::names::{BranchName, RemoteUrl};
use sendoff_push::Action;
use sendoff_testing::left_out;

use crate::sandbox::Sandbox;
use crate::world::World;

use super::rig::{ahead, options, push_head};

/// One `git daemon` a connection, over a directory; ends when it is dropped.
pub(super) struct Daemon {
    port: u16,
    ended: Arc<AtomicBool>,
    address: IpAddr,
}

impl Daemon {
    pub(super) fn start(
        sandbox: &Sandbox,
        directory: &str,
        address: IpAddr,
        arguments: &[&str],
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = format!("--base-path={}", sandbox.path(directory).display());
        let variables = sandbox.variables();
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let output = socket.try_clone().unwrap();
                let mut daemon = std::process::Command::new("git");
                daemon
                    .args(["daemon", "--inetd", "--export-all", &base])
                    .args(&arguments)
                    .env_clear()
                    .envs(variables.iter().map(|(name, value)| (*name, value)))
                    .stdin(Stdio::from(OwnedFd::from(socket)))
                    .stdout(Stdio::from(OwnedFd::from(output)))
                    .stderr(Stdio::null());
                let mut daemon = daemon.spawn().unwrap();
                std::thread::spawn(move || daemon.wait());
            }
        });
        Self {
            port,
            ended,
            address,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        match self.address {
            IpAddr::V4(address) => format!("git://{address}:{}/{path}", self.port),
            IpAddr::V6(address) => format!("git://[{address}]:{}/{path}", self.port),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        drop(std::net::TcpStream::connect((self.address, self.port)));
    }
}

pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(super) const PUSHABLE: &[&str] = &["--enable=receive-pack"];

fn listed(sandbox: &Sandbox) -> PushOptions {
    PushOptions {
        allow_git: AllowGit::Yes,
        ..options(sandbox)
    }
}

#[test]
fn a_daemon_takes_the_push_and_says_what_its_head_is() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let daemon = Daemon::start(&sandbox, "remotes", HERE, PUSHABLE);
    let url = daemon.url("r.git");
    let options = listed(&sandbox);
    let pushed = push_head(&sandbox, &work, &url, &options).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    let head = sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), head);
    sandbox.git(&remote, &["fsck", "--strict"]);
    let again = push_head(&sandbox, &work, &url, &options).unwrap();
    assert_eq!(again.action, Action::UpToDate);
    let place = RemoteUrl::parse(&url).unwrap();
    let head = remote_head(&place, &work, &options, &AtomicBool::new(false)).unwrap();
    assert_eq!(head, Some(BranchName::new("main").unwrap()));
}

#[test]
fn a_daemon_is_reached_by_its_ipv6_address() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        left_out("ipv6", "no address of it can be bound");
        return;
    }
    let daemon = Daemon::start(&sandbox, "remotes", Ipv6Addr::LOCALHOST.into(), PUSHABLE);
    push_head(&sandbox, &work, &daemon.url("r.git"), &listed(&sandbox)).unwrap();
}

#[test]
fn a_daemon_that_takes_no_pushes_or_has_no_such_repository_is_told() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let daemon = Daemon::start(&sandbox, "remotes", HERE, &[]);
    let error = push_head(&sandbox, &work, &daemon.url("r.git"), &listed(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "rejected", "{error:?}");
    assert!(error.to_string().contains("access denied"), "{error}");
    let daemon = Daemon::start(&sandbox, "remotes", HERE, PUSHABLE);
    let error = push_head(&sandbox, &work, &daemon.url("no.git"), &listed(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "rejected", "{error:?}");
}

#[test]
fn a_silent_or_absent_daemon_is_given_up() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut options = listed(&sandbox);
    options.push_timeout = Duration::from_millis(400);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("git://{}/r.git", listener.local_addr().unwrap());
    let begin = Instant::now();
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "timeout");
    drop(listener);
    options.push_timeout = Duration::from_secs(15);
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "network");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_daemon_that_is_not_listed_is_never_asked() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let error = push_head(
        &sandbox,
        &work,
        "git://127.0.0.1:9/r.git",
        &options(&sandbox),
    );
    assert_eq!(error.unwrap_err().class(), "unsupported");
}

#[test]
fn a_policy_that_lists_the_daemon_lets_the_run_push_to_it() {
    let world = World::new();
    let daemon = Daemon::start(&world.sandbox, "served", HERE, PUSHABLE);
    let url = daemon.url("acme/rocket.git");
    world
        .sandbox
        .git(world.work(), &["remote", "set-url", "origin", &url]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["reason"], "unsupported", "{report}");
    world.user_policy(&format!(
        "[remotes]\nallowed = [\"git://127.0.0.1:{}/acme/*\"]\n",
        daemon.port
    ));
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

/// Guards that the program which git connects through is the one that we connect through, with the same two arguments.
#[test]
fn the_users_program_leads_to_the_daemon_as_it_does_for_git() {
    let world = World::new();
    let log = world.sandbox.path("led");
    let text = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nexec git daemon --inetd --export-all --enable=receive-pack '--base-path={}'\n",
        log.display(),
        world.sandbox.path("served").display()
    );
    let program = world.sandbox.executable("bin/lead", text);
    let program = program.to_str().unwrap();
    let url = "git://git.test:9999/acme/rocket.git";
    let set = ["remote", "set-url", "origin", url];
    world.sandbox.git(world.work(), &set);
    world.user_policy(&format!("[remotes]\nallowed = [\"{url}\"]\n"));
    let ours = format!("{program} for test:9999");
    for (variable, keys) in [
        (Some(program), &["none for git.test:9999"][..]),
        (
            None,
            &["/nonexistent for other.test", &ours, "/nonexistent"],
        ),
    ] {
        let all = ["config", "--global", "--unset-all", "core.gitProxy"];
        let mut unset = world.sandbox.command("git");
        let _none_is_set = unset.args(all).output().unwrap();
        for key in keys {
            let add = ["config", "--global", "--add", "core.gitProxy", key];
            world.sandbox.git(world.work(), &add);
        }
        let variable = variable.map(|program| ("GIT_PROXY_COMMAND", program.to_owned()));
        let variables = Vec::from_iter(variable);
        let tip = world.commit("b.txt", &format!("{keys:?}"), "Add more");
        let run = ["run", "post-commit", "--json"];
        let report = world.run_in(&world.work(), &run, &variables).report();
        assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
        let mut git = world.sandbox.command("git");
        git.current_dir(world.work()).envs(variables.clone());
        crate::sandbox::succeed(git.args(["push", "-q", "origin", "HEAD:by-git"]));
        assert_eq!(
            [world.tip("by-git"), world.tip("feature/x")],
            [tip.clone(), tip]
        );
    }
    let led = std::fs::read_to_string(&log).unwrap();
    assert!(led.lines().count() >= 4, "{led}");
    assert!(led.lines().all(|line| line == "git.test 9999"), "{led}");
}
