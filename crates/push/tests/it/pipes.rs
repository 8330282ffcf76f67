//! A push over the transport of another program: what was pushed, a lease, and what a hook says.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullName;
use sendoff_push::{
    Action, Borrowed, LastSeen, NoLocalChecks, NoProgress, PushError, PushOutcome, PushRequest,
    push, push_with_lease,
};
use sendoff_testing::Sandbox;

use crate::transports::{HidesPassword, Pipes};

/// A work tree on `feature` with one commit more than the bare repository, which has `main` and `feature`.
fn ahead(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    sandbox.add(
        "git init -q -b main work
        git init -q --bare -b main remote.git
        cd work
        echo hello > README && git add --all && git commit -q -m start
        git switch -q -c feature
        echo one > a.txt && git add --all && git commit -q -m one
        git push -q ../remote.git main feature
        echo two >> a.txt && git add --all && git commit -q -m two",
    );
    (sandbox.path("work"), sandbox.path("remote.git"))
}

/// Which of the two pushes is called.
type How<'a> = &'a dyn Fn(&gix::Repository, &PushRequest<'_>) -> Result<PushOutcome, PushError>;

fn pushed(
    sandbox: &Sandbox,
    work: &Path,
    remote: &Path,
    how: How<'_>,
) -> Result<PushOutcome, PushError> {
    let repo = gix::open_opts(work, gix::open::Options::isolated()).unwrap();
    let new = ObjectId::from_hex(sandbox.git(work, &["rev-parse", "HEAD"]).as_bytes()).unwrap();
    let branch = FullName::try_from("refs/heads/feature").unwrap();
    let pipes = Pipes {
        sandbox,
        remote: remote.to_owned(),
    };
    let order = PushRequest {
        branch: branch.as_ref(),
        transport: &pipes,
        local: &NoLocalChecks,
        new,
        push_options: &[],
        push_size: u64::MAX,
        borrowed: Borrowed::Sent,
        last_seen: &LastSeen::default,
        confirm: &|_, _| Ok(()),
        agent: "lifted/1",
        progress: &NoProgress,
        stop: &AtomicBool::new(false),
    };
    how(&repo, &order)
}

/// Returns what was done, where the remote took the push.
fn action(outcome: PushOutcome) -> Action {
    match outcome {
        PushOutcome::Pushed(pushed) => pushed.action,
        PushOutcome::Rejected(rejected) => panic!("{rejected}"),
    }
}

#[test]
fn a_transport_of_somebody_else_is_enough() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox);
    let first = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(action(first), Action::Updated);
    let again = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(action(again), Action::UpToDate);
    let tip = sandbox.git(&remote, &["rev-parse", "feature"]);
    assert_eq!(tip, sandbox.git(&work, &["rev-parse", "HEAD"]));
    sandbox.git(&remote, &["fsck", "--full", "--strict"]);
}

#[test]
fn a_lease_and_the_words_of_a_hook_go_over_it_too() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox);
    let wrong: How<'_> = &|repo, order| push_with_lease(repo, order, None);
    let error = pushed(&sandbox, &work, &remote, wrong).unwrap_err();
    assert_eq!(error.class(), "lease-broken");
    assert!(error.advice().unwrap().contains("git fetch elsewhere"));
    assert_eq!(error.summary(&HidesPassword), error.to_string());
    let text = "#!/bin/sh\necho the password is hunter2 >&2; exit 1\n";
    sandbox.executable("remote.git/hooks/update", text);
    let outcome = pushed(&sandbox, &work, &remote, &push).unwrap();
    let PushOutcome::Rejected(rejected) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejected.kind.class(), "hook-declined");
    assert_eq!(rejected.messages[0], "the password is *");
}
