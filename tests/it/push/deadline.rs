//! Every wait ends, and nothing is left running.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sendoff::demo::git_server::{FaultKind, GitServerOptions, RequestFault};
use sendoff::git::push::{BranchPushError, PushOptions, remote_head};
use sendoff::names::RemoteUrl;

use crate::process::is_gone;
use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, script, server};

/// So long nothing may move where only silence is met.
const SHORT: Duration = Duration::from_millis(400);
/// The same where something has to happen before the silence, or after it; the machine may be busy.
const MIDDLE: Duration = Duration::from_secs(3);
/// The same where something else ends the push.
const LONG: Duration = Duration::from_secs(15);
/// So long nobody waits for an end.
const LIMIT: Duration = Duration::from_secs(30);

fn within(patience: Duration, sandbox: &Sandbox) -> PushOptions {
    PushOptions {
        push_timeout: patience,
        ..options(sandbox)
    }
}

/// Pushes, and returns the error after checking that it came soon.
fn soon(
    sandbox: &Sandbox,
    work: &std::path::Path,
    url: &str,
    options: &PushOptions,
) -> BranchPushError {
    let begin = Instant::now();
    let error = push_head(sandbox, work, url, options).unwrap_err();
    assert!(begin.elapsed() < LIMIT, "{:?}: {error}", begin.elapsed());
    error
}

#[test]
fn a_silent_http_server_is_given_up() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    // It accepts connections by its backlog, and says nothing.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let error = soon(&sandbox, &work, &url, &within(SHORT, &sandbox));
    assert_eq!(error.class(), "timeout");
    assert!(error.is_transient());
}

#[test]
fn a_server_that_falls_silent_after_the_push_was_sent_is_asked_again() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let fault = RequestFault {
        path_end: "/git-receive-pack",
        after: 0,
        times: 1,
        kind: FaultKind::Silence,
    };
    let server = server(
        &sandbox,
        GitServerOptions {
            faults: vec![fault],
            ..GitServerOptions::default()
        },
    );
    let before = sandbox.git(&remote, &["rev-parse", "feature"]);
    let url = format!("{}/r.git", server.url());
    let error = soon(&sandbox, &work, &url, &within(MIDDLE, &sandbox));
    // The second look shows that the branch did not move.
    assert_eq!(error.class(), "timeout");
    assert_eq!(server.log().len(), 3);
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), before);
}

#[test]
fn a_silent_ssh_is_killed_with_its_group() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let pids = sandbox.path("pids");
    let text = format!(
        "sleep 60 & echo $! > {0}; echo $$ >> {0}; wait",
        pids.display()
    );
    let mut options = within(MIDDLE, &sandbox);
    options.ssh_command = Some(script(&sandbox, "silent", &text).display().to_string());
    let error = soon(&sandbox, &work, "ssh://host.test/r.git", &options);
    assert_eq!(error.class(), "timeout");
    for pid in std::fs::read_to_string(pids).unwrap().lines() {
        assert!(is_gone(pid), "{pid} is left");
    }
}

#[test]
fn a_hook_that_hangs_is_given_up_and_the_branch_is_looked_at_again() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let pids = sandbox.path("pids");
    let text = format!("echo $$ > {}; exec sleep 60", pids.display());
    script(&sandbox, "remotes/r.git/hooks/pre-receive", &text);
    let error = soon(
        &sandbox,
        &work,
        remote.to_str().unwrap(),
        &within(MIDDLE, &sandbox),
    );
    assert_eq!(error.class(), "timeout");
    assert!(is_gone(&std::fs::read_to_string(pids).unwrap()));
}

#[test]
fn a_hook_that_takes_its_time_but_talks_is_waited_for() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let text = "for n in 1 2 3 4 5 6 7 8 9 10; do echo $n >&2; sleep 0.5; done";
    script(&sandbox, "remotes/r.git/hooks/pre-receive", text);
    let url = remote.to_str().unwrap();
    let mut options = options(&sandbox);
    options.push_timeout = MIDDLE;
    let pushed = push_head(&sandbox, &work, url, &options).unwrap();
    assert_eq!(pushed.messages.join(" "), "1 2 3 4 5 6 7 8 9 10");
}

#[test]
fn a_stopped_question_ends_at_once() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let url = RemoteUrl::parse(&url).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let raise = Arc::clone(&stop);
    let begin = Instant::now();
    let thread = std::thread::spawn(move || {
        // When it was asked.
        let asked = listener.accept();
        raise.store(true, Ordering::Relaxed);
        asked
    });
    let error = remote_head(&url, &sandbox.home(), &options(&sandbox), &stop).unwrap_err();
    assert_eq!(error.class(), "stopped");
    assert!(begin.elapsed() < LIMIT / 2);
    drop(thread.join().unwrap());
}

#[test]
fn an_endless_advertisement_is_refused_or_given_up() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut options = within(LONG, &sandbox);
    for text in [
        "exec yes",
        "exec cat /dev/zero",
        "printf 0003",
        "printf fff5",
    ] {
        options.ssh_command = Some(script(&sandbox, "flood", text).display().to_string());
        let error = soon(&sandbox, &work, "ssh://host.test/r.git", &options);
        let class = error.class();
        assert!(
            ["bad-response", "network"].contains(&class),
            "{text}: {error}"
        );
    }
}
