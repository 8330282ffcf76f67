//! A branch that was rewritten, pushed under a lease: ours and `git push --force-with-lease` do the same.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::BranchPushError;
use sendoff::names::BranchName;
use sendoff::policy::RemoteFacts;
use sendoff_push::{Action, PushError};

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_leased, rendered, script, server};
use super::sshd::Ssh;

fn id(text: &str) -> ObjectId {
    ObjectId::from_hex(text.as_bytes()).unwrap()
}

fn tip(sandbox: &Sandbox, remote: &Path) -> String {
    let format = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/heads/feature",
    ];
    sandbox.git(remote, &format)
}

/// A work tree whose `feature` was rewritten after it was pushed, its remote, and where that is.
fn rewritten(sandbox: &Sandbox) -> (PathBuf, PathBuf, String) {
    let (work, remote) = ahead(sandbox, "r");
    let old = tip(sandbox, &remote);
    sandbox.git(&work, &["reset", "-q", "--soft", "main"]);
    sandbox.git(&work, &["commit", "-q", "-m", "rewritten"]);
    (work, remote, old)
}

/// Moves the branch at the remote on, as somebody else would; returns where to.
fn somebody_pushes(sandbox: &Sandbox, remote: &Path) -> String {
    let path = remote.to_str().unwrap();
    let top = sandbox.path("");
    sandbox.git(&top, &["clone", "-q", "-b", "feature", path, "other"]);
    let other = sandbox.path("other");
    sandbox.commit(&other, "b.txt", "b\n", "theirs");
    sandbox.git(&other, &["push", "-q", "origin", "feature"]);
    tip(sandbox, remote)
}

/// Does the same with git on a copy of the remote; returns whether it pushed, and where the branch is.
fn git_does(sandbox: &Sandbox, work: &Path, copy: &Path, expected: &str) -> (bool, String) {
    let lease = format!("--force-with-lease=feature:{expected}");
    let pushed = sandbox
        .command("git")
        .args(["push", "-q", &lease, copy.to_str().unwrap(), "feature"])
        .current_dir(work)
        .output()
        .unwrap();
    (pushed.status.success(), tip(sandbox, copy))
}

#[test]
fn a_lease_is_held_or_broken_as_for_git() {
    // What the remote is made to be, what is expected of it, and whether it is so.
    let somewhere = "1".repeat(40);
    let rows: [(&str, &str, Option<&str>, bool); 8] = [
        ("a rewritten branch", "rewritten", Some("old"), true),
        ("a branch that moved on", "moved", Some("old"), false),
        (
            "one that moved on and was seen",
            "moved",
            Some("theirs"),
            true,
        ),
        ("no branch, as expected", "gone", None, true),
        (
            "no branch, but one was expected",
            "gone",
            Some("old"),
            false,
        ),
        ("a branch where none was expected", "rewritten", None, false),
        (
            "a commit that nobody has",
            "rewritten",
            Some(&somewhere),
            false,
        ),
        ("a branch that has it all", "same", Some(&somewhere), true),
    ];
    for (name, state, expected, held) in rows {
        let sandbox = Sandbox::new();
        let (work, remote, old) = rewritten(&sandbox);
        let path = remote.to_str().unwrap();
        let theirs = match state {
            "moved" => somebody_pushes(&sandbox, &remote),
            _ => String::new(),
        };
        match state {
            "gone" => drop(sandbox.git(&remote, &["update-ref", "-d", "refs/heads/feature"])),
            "same" => drop(sandbox.git(&work, &["push", "-q", "--force", path, "feature"])),
            _ => {}
        }
        let expected = expected.map(|word| match word {
            "old" => old.as_str(),
            "theirs" => &theirs,
            other => other,
        });
        sandbox.git(sandbox.path(""), &["clone", "-q", "--mirror", path, "copy"]);
        let copy = sandbox.path("copy");
        let before = tip(&sandbox, &remote);
        let head = sandbox.git(&work, &["rev-parse", "HEAD"]);

        let ours = push_leased(
            &sandbox,
            &work,
            path,
            &options(&sandbox),
            &RemoteFacts::without_head,
            expected.map(id),
        );
        let git = git_does(&sandbox, &work, &copy, expected.unwrap_or_default());
        assert_eq!(git, (ours.is_ok(), tip(&sandbox, &remote)), "{name}");
        assert_eq!(ours.is_ok(), held, "{name}: {ours:?}");
        let now = tip(&sandbox, &remote);
        match ours {
            Ok(pushed) => {
                assert_eq!(now, head, "{name}");
                let action = match state {
                    "gone" => Action::Created,
                    "same" => Action::UpToDate,
                    _ => Action::Updated,
                };
                assert_eq!(pushed.action, action, "{name}");
            }
            Err(error) => {
                assert_eq!(error.class(), "lease-broken", "{name}: {error:?}");
                assert!(!error.is_transient(), "{name}");
                assert_eq!(now, before, "{name}");
            }
        }
        assert_eq!(
            sandbox.git(&remote, &["fsck", "--full", "--strict", "--no-dangling"]),
            ""
        );
    }
}

#[test]
fn a_lease_is_kept_over_every_transport() {
    let sandbox = Sandbox::new();
    let (work, remote, old) = rewritten(&sandbox);
    let ssh = Ssh::start(&sandbox);
    let web = server(&sandbox, GitServerOptions::default());
    let mut options = options(&sandbox);
    options.ssh_command = Some(ssh.command.clone());
    let mut expected = id(&old);
    for url in [
        format!("{}/r.git", web.url()),
        format!("{}{}", ssh.place, remote.display()),
        remote.display().to_string(),
    ] {
        sandbox.git(&work, &["commit", "-q", "--amend", "-m", &url]);
        let push = |expected| {
            push_leased(
                &sandbox,
                &work,
                &url,
                &options,
                &RemoteFacts::without_head,
                expected,
            )
        };
        let wrong = push(Some(id(&"2".repeat(40)))).unwrap_err();
        assert_eq!(wrong.class(), "lease-broken", "{url}: {wrong:?}");
        assert_eq!(tip(&sandbox, &remote), expected.to_string());
        let pushed = push(Some(expected)).unwrap();
        assert_eq!(pushed.old, Some(expected));
        assert_eq!(tip(&sandbox, &remote), pushed.new.to_string());
        expected = pushed.new;
    }
}

#[test]
fn a_lease_that_breaks_after_it_was_checked_is_refused_by_the_remote() {
    let sandbox = Sandbox::new();
    let (work, remote, old) = rewritten(&sandbox);
    let main = sandbox.git(&remote, &["rev-parse", "main"]);
    // Somebody moves the branch while the pack is on its way.
    let text = format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/feature {main} {old}");
    script(&sandbox, "remotes/r.git/hooks/pre-receive", &text);
    let error = push_leased(
        &sandbox,
        &work,
        remote.to_str().unwrap(),
        &options(&sandbox),
        &RemoteFacts::without_head,
        Some(id(&old)),
    )
    .unwrap_err();
    assert_eq!(error.class(), "lock", "{error:?}");
    assert_eq!(tip(&sandbox, &remote), main);
}

#[test]
fn a_remote_that_wants_no_rewriting_and_a_protected_branch_stand_above_a_lease() {
    let sandbox = Sandbox::new();
    let (work, remote, old) = rewritten(&sandbox);
    let url = remote.to_str().unwrap();
    let push = |facts: &(dyn Fn() -> RemoteFacts + Sync)| {
        let options = options(&sandbox);
        push_leased(&sandbox, &work, url, &options, facts, Some(id(&old))).unwrap_err()
    };
    let head = BranchName::new("feature").unwrap();
    let error = push(&|| RemoteFacts::with_head(head.clone()));
    assert!(
        matches!(error, BranchPushError::Push(PushError::NotConfirmed(_))),
        "{error:?}"
    );
    assert_eq!(tip(&sandbox, &remote), old);
    let strict = ["config", "receive.denyNonFastForwards", "true"];
    sandbox.git(&remote, &strict);
    let error = push(&RemoteFacts::without_head);
    assert_eq!(error.class(), "diverged", "{error:?}");
    assert_eq!(tip(&sandbox, &remote), old);
}

#[test]
fn a_broken_lease_says_where_the_branch_is() {
    let sandbox = Sandbox::new();
    let (work, remote, _) = rewritten(&sandbox);
    let url = remote.to_str().unwrap();
    let options = options(&sandbox);
    let error = push_leased(
        &sandbox,
        &work,
        url,
        &options,
        &RemoteFacts::without_head,
        None,
    );
    insta::assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @"
    lease-broken: `feature` on the remote is at 964067247430, and not where it was left
      advice: somebody else moved it: git fetch origin feature, and look before it is rewritten
    ");
}
