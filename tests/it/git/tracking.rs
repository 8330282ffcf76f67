//! Tests of `git::tracking` and `git::base`.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sendoff::git::RefError;
use sendoff::git::Remote;
use sendoff::git::Repo;
use sendoff::names::BranchName;
use sendoff_testing::supervise;

use super::open::append;
use super::{id, open};
use crate::sandbox::Sandbox;

fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

fn at() -> jiff::Timestamp {
    "2026-02-03T04:05:06Z".parse().unwrap()
}

/// Makes a clone with the branches `main` and `side` at its remote.
fn cloned(sandbox: &Sandbox) -> PathBuf {
    let origin = sandbox.repository("origin");
    sandbox.git(&origin, &["branch", "side"]);
    sandbox.git(sandbox.path(""), &["clone", "-q", "origin", "r"]);
    sandbox.path("r")
}

fn with_remote(sandbox: &Sandbox, work: &std::path::Path) -> (Repo, Remote) {
    let repo = open(sandbox, work);
    let remote = repo.remote(None, None).unwrap();
    (repo, remote)
}

#[test]
fn the_tracking_ref_follows_the_fetch_refspecs() {
    supervise!();
    let cases: &[(&[&str], &str, Option<&str>)] = &[
        (
            &["+refs/heads/*:refs/remotes/o/*"],
            "a/b",
            Some("refs/remotes/o/a/b"),
        ),
        (
            &["refs/heads/main:refs/remotes/o/x"],
            "main",
            Some("refs/remotes/o/x"),
        ),
        (&["refs/heads/main:refs/remotes/o/x"], "other", None),
        (
            &["+refs/heads/*:refs/remotes/o/*", "^refs/heads/wip/*"],
            "wip/a",
            None,
        ),
        (
            &["+refs/heads/f-*:refs/remotes/o/f/*"],
            "f-1",
            Some("refs/remotes/o/f/1"),
        ),
        (&["+refs/*:refs/*"], "main", None),
        (&["+refs/heads/*:refs/heads/*"], "main", None),
        (&["refs/heads/main"], "main", None),
        (&[], "main", None),
    ];
    for (specs, name, wanted) in cases {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        sandbox.git(&work, &["config", "remote.o.url", "https://h.test/o/r"]);
        for spec in *specs {
            sandbox.git(&work, &["config", "--add", "remote.o.fetch", spec]);
        }
        let (_, remote) = with_remote(&sandbox, &work);
        let found = remote.tracking_ref(&branch(name));
        assert_eq!(found.as_deref(), *wanted, "{specs:?} {name}");
    }
}

#[test]
fn a_clone_knows_the_tips_and_the_head_of_its_remote() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    let (repo, remote) = with_remote(&sandbox, &work);
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    let tips = repo.remote_tips(&remote).unwrap();
    assert_eq!(tips, [(branch("main"), tip), (branch("side"), tip)]);
    assert_eq!(
        repo.tracking_tip(&remote, &branch("side")).unwrap(),
        Some(tip)
    );
    assert_eq!(repo.tracking_tip(&remote, &branch("none")).unwrap(), None);
    assert_eq!(
        repo.remote_head_hint(&remote).unwrap(),
        Some(branch("main"))
    );
    assert_eq!(
        repo.base_tip(Some(&remote), &branch("side")).unwrap(),
        Some(tip)
    );
    assert_eq!(repo.base_tip(None, &branch("main")).unwrap(), Some(tip));
    assert_eq!(repo.base_tip(None, &branch("side")).unwrap(), None);
    sandbox.git(&work, &["remote", "set-head", "origin", "--delete"]);
    assert_eq!(repo.remote_head_hint(&remote).unwrap(), None);
}

#[test]
fn the_tracking_ref_is_moved_as_git_push_would() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    sandbox.git(&work, &["pack-refs", "--all"]);
    // Without any identity.
    std::fs::write(sandbox.home().join(".gitconfig"), "").unwrap();
    let (repo, remote) = with_remote(&sandbox, &work);
    let tree = sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]);
    let new = sandbox.git(
        &work,
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@y",
            "commit-tree",
            "-m",
            "n",
            &tree,
        ],
    );
    for (name, full) in [
        ("main", "refs/remotes/origin/main"),
        ("new/one", "refs/remotes/origin/new/one"),
    ] {
        let moved = repo.update_tracking(&remote, &branch(name), id(&new), at());
        assert_eq!(moved.unwrap().as_deref(), Some(full));
        assert_eq!(sandbox.git(&work, &["rev-parse", full]), new);
        let log = sandbox.git(&work, &["reflog", "show", "--format=%gs", "-1", full]);
        assert_eq!(log, "update by push");
    }
    sandbox.git(&work, &["fsck", "--strict"]);
}

#[test]
fn a_branch_that_is_not_tracked_is_left_alone() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    sandbox.git(
        &work,
        &[
            "config",
            "remote.origin.fetch",
            "+refs/heads/*:refs/heads/*",
        ],
    );
    let (repo, remote) = with_remote(&sandbox, &work);
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    let moved = repo.update_tracking(&remote, &branch("elsewhere"), tip, at());
    assert_eq!(moved.unwrap(), None);
    let refs = sandbox.git(&work, &["for-each-ref", "refs/heads/elsewhere"]);
    assert_eq!(refs, "");
}

#[test]
fn a_lock_that_another_process_holds_is_told_and_not_waited_for() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    let (repo, remote) = with_remote(&sandbox, &work);
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    sandbox.write("r/.git/refs/remotes/origin/side.lock", "");
    let new = id(&sandbox.commit(&work, "a", "1", "new"));
    let began = Instant::now();
    let error = repo
        .update_tracking(&remote, &branch("side"), new, at())
        .unwrap_err();
    assert!(matches!(error, RefError::Locked(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(
        repo.tracking_tip(&remote, &branch("side")).unwrap(),
        Some(tip)
    );
}

#[test]
fn an_index_lock_is_no_hindrance() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
        sandbox.write(&format!("r/.git/{lock}"), "");
    }
    let (repo, remote) = with_remote(&sandbox, &work);
    let tip = repo.head().unwrap().id().unwrap();
    assert!(
        repo.update_tracking(&remote, &branch("x"), tip, at())
            .is_ok()
    );
}

#[test]
fn a_hundred_thousand_packed_refs_are_read_at_once() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    let tip = sandbox.git(&work, &["rev-parse", "HEAD"]);
    sandbox.git(&work, &["pack-refs", "--all"]);
    let mut lines = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for number in 0..100_000 {
        writeln!(lines, "{tip} refs/remotes/origin/b{number:06}").unwrap();
    }
    std::fs::write(work.join(".git/packed-refs"), lines).unwrap();
    append(
        &work.join(".git/refs/remotes/origin/loose"),
        &format!("{tip}\n"),
    );
    let (repo, remote) = with_remote(&sandbox, &work);
    let began = Instant::now();
    assert_eq!(repo.remote_tips(&remote).unwrap().len(), 100_001);
    assert_eq!(
        repo.tracking_tip(&remote, &branch("b050000")).unwrap(),
        Some(id(&tip))
    );
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_leftover_ref_in_the_way_is_told() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = cloned(&sandbox);
    let (repo, remote) = with_remote(&sandbox, &work);
    let tip = repo.head().unwrap().id().unwrap();
    for packed in [false, true] {
        if packed {
            sandbox.git(&work, &["pack-refs", "--all"]);
        } else {
            sandbox.git(&work, &["update-ref", "refs/remotes/origin/a/b/c", "HEAD"]);
        }
        for name in ["a/b", "a", "side/lock", "side/x/y"] {
            let moved = repo.update_tracking(&remote, &branch(name), tip, at());
            assert!(
                matches!(moved, Err(RefError::Conflict { .. })),
                "{name} {packed}"
            );
        }
    }
    assert!(
        repo.update_tracking(&remote, &branch("a/b/d"), tip, at())
            .is_ok()
    );
}
