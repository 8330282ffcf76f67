//! `examples/push.rs`, over a path and over smart HTTP.

use std::path::{Path, PathBuf};
use std::process::Output;

use sendoff_testing::{GitServer, Sandbox};

/// A work tree on `feature`, and a bare repository that has its `main`.
fn start(sandbox: &Sandbox) -> PathBuf {
    let work = sandbox.repository("work");
    let remotes = sandbox.path("remotes");
    std::fs::create_dir_all(&remotes).unwrap();
    sandbox.git(&work, &["clone", "-q", "--bare", ".", "../remotes/r.git"]);
    sandbox.git(&work, &["switch", "-q", "-c", "feature"]);
    sandbox.commit(&work, "a.txt", "one\n", "one");
    work
}

fn push(sandbox: &Sandbox, work: &Path, url: &str, branch: &str) -> Output {
    let mut program = std::env::current_exe().unwrap();
    program.pop();
    program.pop();
    let mut command = sandbox.command(program.join("examples/push"));
    command.arg(work).args([url, branch]);
    command.output().unwrap()
}

/// Pushes `feature` twice, and something that the remote's hook declines; the remote is well after all of it.
fn check(sandbox: &Sandbox, work: &Path, url: &str) {
    let bare = sandbox.path("remotes/r.git");
    let said = |output: &Output| {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        String::from_utf8(text).unwrap()
    };
    let first = push(sandbox, work, url, "feature");
    assert!(
        said(&first).contains("created: 3 objects"),
        "{}",
        said(&first)
    );
    let again = push(sandbox, work, url, "feature");
    assert!(said(&again).contains("up-to-date: 0"), "{}", said(&again));
    sandbox.commit(work, "a.txt", "one\ntwo\n", "two");
    sandbox.executable(
        "remotes/r.git/hooks/update",
        "#!/bin/sh\necho not on a Friday >&2\nexit 1\n",
    );
    let declined = push(sandbox, work, url, "feature");
    assert!(!declined.status.success());
    assert!(
        said(&declined).contains("the remote rejected `feature`: hook declined"),
        "{}",
        said(&declined)
    );
    let refused = push(sandbox, work, url, "main");
    assert!(
        said(&refused).contains("NotConfirmed"),
        "{}",
        said(&refused)
    );
    let tip = sandbox.git(&bare, &["rev-parse", "feature"]);
    assert_eq!(tip, sandbox.git(work, &["rev-parse", "HEAD~1"]));
    assert_eq!(
        sandbox.git(&bare, &["fsck", "--full", "--strict", "--no-dangling"]),
        ""
    );
}

#[test]
fn the_example_pushes_over_a_path() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    let bare = sandbox.path("remotes/r.git");
    check(&sandbox, &work, bare.to_str().unwrap());
}

#[test]
fn the_example_pushes_over_smart_http() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    let server = GitServer::start(&sandbox, &sandbox.path("remotes"));
    check(&sandbox, &work, &format!("{}/r.git", server.url()));
}
