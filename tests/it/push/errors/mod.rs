//! What people read when a push fails: provoked by real repositories.

mod classes;
mod over_http;

use insta::assert_snapshot;
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::rig::{ahead, bare, options, push_head, rendered, script};

/// Pushes the `feature` of [`ahead`] to a directory that `prepare` spoiled, and renders the error.
fn refused(prepare: impl Fn(&Sandbox, &std::path::Path, &std::path::Path)) -> String {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    prepare(&sandbox, &work, &remote);
    let before = sandbox.git(&remote, &["for-each-ref"]);
    let url = remote.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_eq!(
        sandbox.git(&remote, &["for-each-ref"]),
        before,
        "a ref moved"
    );
    rendered(&sandbox, &error)
}

#[test]
fn a_pre_receive_hook_that_declines() {
    supervise!();
    let text = refused(|sandbox, _, _| {
        let hook = "printf 'policy: \\033[31mno\\033[0m\\nask the admins\\n' >&2; exit 1";
        script(sandbox, "remotes/r.git/hooks/pre-receive", hook);
    });
    assert_snapshot!(text, @"
    hook-declined: the remote rejected `feature`: pre-receive hook declined
      remote: policy: no
      remote: ask the admins
      advice: a hook of the remote declined; what the remote said may say why
    ");
}

#[test]
fn an_update_hook_that_declines_as_a_forge_would() {
    supervise!();
    let text = refused(|sandbox, _, _| {
        let hook = "echo 'error: GH013: Repository rule violations found for refs/heads/feature.' >&2; \
                    echo 'Push cannot contain secrets (push protection)' >&2; exit 1";
        script(sandbox, "remotes/r.git/hooks/update", hook);
    });
    assert_snapshot!(text, @"
    secret-protection: the remote rejected `feature`: hook declined
      remote: error: GH013: Repository rule violations found for refs/heads/feature.
      remote: Push cannot contain secrets (push protection)
      remote: error: hook declined to update refs/heads/feature
      advice: take the secret out of the commits, and renew it: it may be known already
    ");
}

#[test]
fn a_branch_that_is_checked_out() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("clone");
    sandbox.git(&work, &["checkout", "-q", "-b", "feature"]);
    let path = work.to_str().unwrap();
    sandbox.git(sandbox.path(""), &["clone", "-q", path, "other"]);
    let other = sandbox.path("other");
    sandbox.commit(&work, "a.txt", "a\n", "a");
    let url = other.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_snapshot!(rendered(&sandbox, &error).lines().next().unwrap(), @"checked-out: the remote rejected `feature`: branch is currently checked out");
}

#[test]
fn a_ref_that_is_locked() {
    supervise!();
    let text = refused(|sandbox, _, _| {
        sandbox.write("remotes/r.git/refs/heads/feature.lock", "");
    });
    assert_snapshot!(text.lines().next().unwrap(), @"lock: the remote rejected `feature`: failed to update ref");
}

/// Guards against "run again", which never helps.
#[test]
fn a_name_that_conflicts_with_another_one() {
    supervise!();
    for (there, here) in [("topic/x", "topic"), ("topic", "topic/x")] {
        let sandbox = Sandbox::new();
        let (work, remote) = ahead(&sandbox, "r");
        sandbox.git(&work, &["branch", "-m", "feature", here]);
        let full = format!("refs/heads/{there}");
        sandbox.git(&remote, &["update-ref", &full, "refs/heads/main"]);
        let url = remote.to_str().unwrap();
        let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
        let text = rendered(&sandbox, &error);
        let first = format!("ref-conflict: the remote rejected `{here}`: failed to update ref\n");
        assert!(text.starts_with(&first), "{text}");
        let advice = "rename the branch, so that its name is no part of another one's on the remote: git branch -m NAME";
        assert!(text.ends_with(&format!("advice: {advice}")), "{text}");
        assert!(!error.is_transient());
        // The advice works.
        sandbox.git(&work, &["branch", "-m", "other"]);
        push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
    }
}

#[test]
fn a_branch_that_was_rewritten_here() {
    supervise!();
    let text = refused(|sandbox, work, _| {
        sandbox.git(work, &["reset", "-q", "--hard", "HEAD~1"]);
        sandbox.git(work, &["commit", "-q", "--amend", "-m", "rewritten"]);
    });
    assert_snapshot!(text, @"
    diverged: `feature` on the remote is at 964067247430, which is no ancestor of 9462f7172f54
      advice: git pull --rebase origin feature; or, if it was rewritten on purpose: git push --force-with-lease=feature:964067247430db1e9aaf6ffa2dd37adc08f516df origin feature
    ");
}

#[test]
fn a_branch_that_is_behind() {
    supervise!();
    let text = refused(|sandbox, work, remote| {
        sandbox.git(work, &["push", "-q", remote.to_str().unwrap(), "feature"]);
        sandbox.git(work, &["reset", "-q", "--hard", "HEAD~1"]);
    });
    assert_snapshot!(text, @"
    diverged: `feature` on the remote is at f0bf44ec8269, which is no ancestor of 964067247430
      advice: the remote has all of it, and more: git pull --ff-only origin feature
    ");
}

#[test]
fn a_branch_that_somebody_else_pushed_to() {
    supervise!();
    let text = refused(|sandbox, _, remote| {
        let path = remote.to_str().unwrap();
        sandbox.git(
            sandbox.path(""),
            &["clone", "-q", "-b", "feature", path, "other"],
        );
        let other = sandbox.path("other");
        sandbox.commit(&other, "b.txt", "b\n", "theirs");
        sandbox.git(&other, &["push", "-q", "origin", "feature"]);
    });
    assert_snapshot!(text, @"
    diverged: `feature` on the remote is at 9a15f61c0567, which is no ancestor of f0bf44ec8269
      advice: somebody else pushed: git pull --rebase origin feature, then push again
    ");
}

#[test]
fn a_directory_that_is_no_repository() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let url = sandbox.path("remotes/absent.git");
    let error = push_head(&sandbox, &work, url.to_str().unwrap(), &options(&sandbox));
    assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @"
    not-found: there is no such repository: '[SANDBOX]/remotes/absent.git' does not appear to be a git repository
      remote: '[SANDBOX]/remotes/absent.git' does not appear to be a git repository
      advice: check the remote's URL, and that your login may see the repository
    ");
}

#[test]
fn a_repository_of_another_hash() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let path = sandbox.path("remotes/long.git");
    std::fs::create_dir_all(&path).unwrap();
    sandbox.git(&path, &["init", "-q", "--bare", "--object-format=sha256"]);
    let error = push_head(&sandbox, &work, path.to_str().unwrap(), &options(&sandbox));
    assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @"
    unsupported: the remote cannot be pushed to
      because: the server's objects are sha256, the repository's are sha1
      advice: a repository keeps the format that it was made with: clone the remote anew, and take the commits over as patches (git format-patch, git am)
    ");
    // The advice, obeyed.
    let (anew, patches) = (sandbox.path("anew"), sandbox.path("patches"));
    let (path, patches) = (path.to_str().unwrap(), patches.to_str().unwrap());
    sandbox.git(
        &work,
        &["format-patch", "-q", "--root", "-o", patches, "HEAD"],
    );
    let root = sandbox.path("");
    sandbox.git(&root, &["clone", "-q", path, anew.to_str().unwrap()]);
    sandbox.git(&anew, &["symbolic-ref", "HEAD", "refs/heads/feature"]);
    let mail = std::fs::read_dir(patches).unwrap();
    let mut mail: Vec<_> = mail.map(|entry| entry.unwrap().path()).collect();
    mail.sort();
    for patch in &mail {
        sandbox.git(&anew, &["am", "-q", patch.to_str().unwrap()]);
    }
    push_head(&sandbox, &anew, path, &options(&sandbox)).unwrap();
}

#[test]
fn objects_that_the_repository_lost() {
    supervise!();
    let text = refused(|sandbox, work, _| {
        let tree = sandbox.git(work, &["rev-parse", "HEAD^{tree}"]);
        let (folder, file) = tree.split_at(2);
        std::fs::remove_file(work.join(".git/objects").join(folder).join(file)).unwrap();
    });
    assert!(text.starts_with("missing-objects: "), "{text}");
}

#[test]
fn a_pack_that_the_server_finds_too_large() {
    supervise!();
    let text = refused(|sandbox, _, remote| {
        sandbox.git(remote, &["config", "receive.maxInputSize", "10"]);
    });
    assert_snapshot!(text.lines().next().unwrap(), @"too-large: the remote could not take the pack: unpack-objects abnormal exit");
}

/// Guards a remote that has a part of the history: what builds on its tip arrives whole, and the server refuses what builds on
/// a commit that it lacks, as for git.
#[test]
fn a_remote_that_is_shallow_itself() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    for text in ["1", "2", "3"] {
        sandbox.commit(&work, "grown.txt", text, "Grow");
    }
    sandbox.git(
        &work,
        &[
            "push",
            "-q",
            "--force",
            remote.to_str().unwrap(),
            "HEAD:feature",
        ],
    );
    let from = format!("file://{}", remote.display());
    for part in ["ours.git", "gits.git"] {
        let arguments = [
            "clone", "-q", "--bare", "--depth", "1", "-b", "feature", &from, part,
        ];
        sandbox.git(sandbox.path(""), &arguments);
    }
    let (ours, gits) = (sandbox.path("ours.git"), sandbox.path("gits.git"));
    let (to_ours, to_gits) = (ours.to_str().unwrap(), gits.to_str().unwrap());
    sandbox.commit(&work, "grown.txt", "4", "Grow");
    push_head(&sandbox, &work, to_ours, &options(&sandbox)).unwrap();
    sandbox.git(&work, &["push", "-q", to_gits, "feature"]);
    for part in [&ours, &gits] {
        assert_eq!(
            sandbox.git(part, &["rev-parse", "feature"]),
            sandbox.head(&work)
        );
        sandbox.git(part, &["fsck", "--strict"]);
    }
    sandbox.git(&work, &["checkout", "-q", "-b", "old", "HEAD~3"]);
    sandbox.commit(&work, "other.txt", "5", "Grow elsewhere");
    let mut by_git = sandbox.command("git");
    by_git
        .current_dir(&work)
        .args(["push", "-q", to_gits, "old"]);
    assert!(!by_git.output().unwrap().status.success());
    let error = push_head(&sandbox, &work, to_ours, &options(&sandbox)).unwrap_err();
    assert_snapshot!(rendered(&sandbox, &error), @r"
    missing-objects: the remote could not take the pack: unpack-objects abnormal exit
      remote: fatal: unresolved deltas left after unpacking
      advice: the remote misses objects: git fsck tells whether they are here
    ");
}

#[test]
fn a_shallow_clone_that_the_server_does_not_want() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let from = format!("file://{}", work.display());
    sandbox.git(
        sandbox.path(""),
        &[
            "clone", "-q", "--depth", "1", "-b", "feature", &from, "shallow",
        ],
    );
    let empty = bare(&sandbox, "empty");
    let shallow = sandbox.path("shallow");
    let url = empty.to_str().unwrap();
    let error = push_head(&sandbox, &shallow, url, &options(&sandbox)).unwrap_err();
    assert_snapshot!(rendered(&sandbox, &error), @"
    shallow: the remote rejected `feature`: shallow update not allowed
      advice: fetch the whole history first: git fetch --unshallow
    ");
}
