//! The default branch of a remote, which only the remote can name.

use sendoff::demo::forge_server::{ForgeServer, Repository};
use sendoff_testing::supervise;

use crate::world::{TOKEN, World, step};

use super::configure;

/// Makes `trunk` the default branch of the server; a name that no list protects.
fn rename_default_branch(world: &World) {
    let bare = world.bare();
    world.sandbox.git(&bare, &["branch", "trunk", "main"]);
    let head = ["symbolic-ref", "HEAD", "refs/heads/trunk"];
    world.sandbox.git(&bare, &head);
}

/// Commits to a branch of that name in the clone, which knows nothing of the server's HEAD.
fn work_on(world: &World, branch: &str) {
    world.sandbox.git(world.work(), &["switch", "-qc", branch]);
    world.commit("more.txt", branch, "Add more");
}

#[test]
fn a_dead_push_url_does_not_speak_for_the_others() {
    supervise!();
    let world = World::new();
    rename_default_branch(&world);
    work_on(&world, "trunk");
    let url = format!("{}/acme/rocket.git", world.git.url());
    for url in ["http://127.0.0.1:1/nobody/there.git", &url] {
        let add = ["config", "--add", "remote.origin.pushurl", url];
        world.sandbox.git(world.work(), &add);
    }
    let before = world.tip("trunk");
    let report = world.report(&["step", "push"]);
    // The dead one is tried again; the one that lives has said no.
    assert_eq!(report["verdict"], "queued", "{report}");
    assert_eq!(world.tip("trunk"), before, "{report}");
    // The control: another branch gets to the place that lives.
    work_on(&world, "other");
    world.report(&["step", "push"]);
    assert_ne!(world.tip("other"), "");
}

#[test]
fn a_default_branch_of_today_is_protected_today() {
    supervise!();
    let world = World::new();
    world.report(&["step", "push"]);
    world.commit("more.txt", "more", "Add more");
    // The server has the branch: now its HEAD is asked for, and kept.
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
    rename_default_branch(&world);
    work_on(&world, "trunk");
    let before = world.tip("trunk");
    let report = world.report(&["step", "push"]);
    assert_eq!(report["reason"], "protected-branch", "{report}");
    assert_eq!(world.tip("trunk"), before);
}

#[test]
fn a_branch_is_held_while_its_remote_does_not_name_its_head() {
    supervise!();
    let world = World::new();
    let bare = world.bare();
    let fetching = |value| {
        let arguments = ["config", "http.uploadpack", value];
        world.sandbox.git(&bare, &arguments);
    };
    fetching("false");
    // No forge can say it either.
    world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
    world.sandbox.write("home/.config/sendoff/policy.toml", "");
    // A new branch needs no answer, and nobody is asked.
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
    let log = world.git.log();
    assert!(
        log.iter()
            .all(|request| request.query != "service=git-upload-pack"),
        "{log:?}"
    );
    world.commit("more.txt", "more", "Add more");
    let before = world.tip("feature/x");
    let said = world.run(&["run", "post-commit", "--json"]);
    assert_eq!(said.code, Some(75));
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "remote-head-unknown", "{report}");
    assert_eq!(
        push["summary"],
        "not pushed: the remote has `feature/x` and did not say whether that is its default branch: 127.0.0.1 does not allow a fetch"
    );
    let advice = push["advice"].as_str().unwrap();
    assert!(
        advice.starts_with("check that the remote can be fetched from"),
        "{advice}"
    );
    assert_eq!(world.tip("feature/x"), before);
    // Either half of the advice, obeyed.
    fetching("true");
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
    let pushed = world.tip("feature/x");
    assert_ne!(pushed, before);
    fetching("false");
    world.commit("more.txt", "even more", "Add more");
    let (_, command) = advice.split_once("push by hand: git ").unwrap();
    let command: Vec<&str> = command.split(' ').collect();
    world.sandbox.git(world.work(), &command);
    assert_ne!(world.tip("feature/x"), pushed);
}

/// Guards a destination whose HEAD is silent: one that names no branch, and one that cannot be fetched from.
#[test]
fn where_the_head_is_silent_the_forges_default_branch_counts() {
    supervise!();
    for silent in [
        ["symbolic-ref", "HEAD", "refs/heads/none"],
        ["config", "http.uploadpack", "false"],
    ] {
        for (default, protected) in [("feature/x", true), ("main", false)] {
            let world = World::new();
            world.report(&["step", "push"]);
            world.commit("more.txt", "more", "Add more");
            world.sandbox.git(world.bare(), &silent);
            let mut rocket = Repository::new("acme", "rocket");
            rocket.default_branch = default.to_owned();
            let forge = ForgeServer::start(Some(TOKEN), [rocket]).unwrap();
            world.user_policy_with_forge_at(forge.url(), "");
            let before = world.tip("feature/x");
            let report = world.report(&["step", "push"]);
            if protected {
                assert_eq!(report["reason"], "protected-branch", "{silent:?}: {report}");
                assert_eq!(world.tip("feature/x"), before);
            } else {
                assert_eq!(report["verdict"], "done", "{silent:?}: {report}");
                assert_ne!(world.tip("feature/x"), before);
            }
        }
    }
}

/// Guards a server without a forge: one that hides its HEAD names no default branch, and one whose HEAD is detached may
/// have it at the same commit.
#[test]
fn a_hidden_or_detached_head_protects_what_it_may_stand_for() {
    supervise!();
    let hide: &[&str] = &["config", "transfer.hideRefs", "HEAD"];
    let detach: &[&str] = &["update-ref", "--no-deref", "HEAD", "refs/heads/feature/x"];
    let detach_elsewhere: &[&str] = &["update-ref", "--no-deref", "HEAD", "refs/heads/main"];
    let unborn: &[&str] = &["symbolic-ref", "HEAD", "refs/heads/none"];
    for (change, is_held) in [
        (hide, true),
        (detach, true),
        (detach_elsewhere, false),
        (unborn, false),
    ] {
        let world = World::new();
        world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
        world.sandbox.write("home/.config/sendoff/policy.toml", "");
        // A branch that the server does not have is the default branch of nothing.
        assert_eq!(world.report(&["step", "push"])["verdict"], "done");
        world.sandbox.git(world.bare(), change);
        world.commit("more.txt", "more", "Add more");
        let before = world.tip("feature/x");
        let report = world.report(&["step", "push"]);
        if is_held {
            assert_eq!(
                report["reason"], "remote-head-unknown",
                "{change:?}: {report}"
            );
            assert_eq!(world.tip("feature/x"), before, "{change:?}");
            // What the advice says, done.
            world
                .sandbox
                .git(world.bare(), &["config", "transfer.hideRefs", ""]);
            let head = ["symbolic-ref", "HEAD", "refs/heads/main"];
            world.sandbox.git(world.bare(), &head);
            let report = world.report(&["step", "push"]);
            assert_eq!(report["verdict"], "done", "{change:?}: {report}");
        } else {
            assert_eq!(report["verdict"], "done", "{change:?}: {report}");
        }
        assert_ne!(world.tip("feature/x"), before, "{change:?}");
    }
}

/// Guards servers that answer by the old protocol, as most do over ssh: they list no hidden HEAD, and tell what it names.
#[test]
fn a_hidden_head_protects_by_the_old_protocol_too() {
    supervise!();
    let world = World::new();
    world.user_policy("");
    let old = "for last; do :; done; unset GIT_PROTOCOL; exec sh -c \"$last\"";
    let old = crate::push::rig::script(&world.sandbox, "old", old);
    configure(&world, "core.sshCommand", old.to_str().unwrap());
    world.point_to(&format!("ssh://git@host.test{}", world.bare().display()));
    world.report(&["step", "push"]);
    let bare = world.bare();
    world
        .sandbox
        .git(&bare, &["config", "transfer.hideRefs", "HEAD"]);
    for (head, is_protected) in [
        ("refs/heads/feature/x", true),
        ("refs/heads/main", false),
        ("refs/heads/none", false),
    ] {
        world.sandbox.git(&bare, &["symbolic-ref", "HEAD", head]);
        // What was kept of another one does not count here.
        let _none = std::fs::remove_dir_all(world.sandbox.path("home/.local/state"));
        world.commit("more.txt", head, "Add more");
        let before = world.tip("feature/x");
        let report = world.report(&["step", "push"]);
        if is_protected {
            assert_eq!(report["reason"], "protected-branch", "{head}: {report}");
            assert_eq!(world.tip("feature/x"), before);
        } else {
            assert_eq!(report["verdict"], "done", "{head}: {report}");
            assert_ne!(world.tip("feature/x"), before);
        }
    }
}

#[test]
fn commits_are_counted_by_what_the_remote_lists() {
    supervise!();
    let world = World::new();
    world.user_policy("[limits]\ncommits = 2\n");
    for number in 0..4 {
        world.commit("more.txt", &number.to_string(), "Add more");
    }
    // The agent's word: all but the last commit are on the server already.
    for arguments in [
        ["update-ref", "refs/remotes/origin/main", "HEAD~1"],
        [
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/main",
        ],
    ] {
        world.sandbox.git(world.work(), &arguments);
    }
    let report = world.report(&["step", "push"]);
    assert_eq!(report["reason"], "too-many-commits", "{report}");
    assert_eq!(
        report["summary"],
        "the remote lacks more than 2 commits of the branch, the most that the policy lets out"
    );
    let advice = report["advice"].as_str().unwrap();
    assert!(advice.contains("raise `limits.commits`"), "{advice}");
    assert_eq!(world.tip("feature/x"), "");
    world.user_policy("[limits]\ncommits = 6\n");
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
}
