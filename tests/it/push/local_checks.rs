//! What stands around a push: git-lfs, submodules, push options, several push URLs, the upstream.

use std::path::{Path, PathBuf};

use sendoff::git::push::{BranchPushError, LocalCheckError, Submodules};
use sendoff_push::PushError;
use sendoff_testing::supervise;

use crate::sandbox::{Sandbox, succeed};
use crate::world::World;

use super::rig::{ahead, bare, options, push_head, script};

/// A pointer as git-lfs writes it.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn pointers_of_lfs_do_not_leave_unless_a_hook_ran() {
    supervise!();
    let world = World::new();
    world.commit("big.bin", POINTER, "Add a large file");
    let before = world.tip("feature/x");
    let report = world.report(&["run", "post-commit", "--trigger", "claude-code"]);
    let step = &report["steps"][0];
    assert_eq!(step["reason"], "lfs", "{step}");
    assert!(
        step["advice"].as_str().unwrap().contains("git lfs install"),
        "{step}"
    );
    assert_eq!(world.tip("feature/x"), before);
    // The hook of git-lfs sends the files; that it ran is enough.
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        "cat > \"$HOME/seen\"",
    );
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
}

#[test]
fn a_text_about_pointers_is_no_pointer() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let long = format!("{POINTER}{}", "x".repeat(2000));
    sandbox.commit(&work, "long.txt", &long, "Longer than any pointer");
    let quoted = format!("A pointer is:\n{POINTER}");
    sandbox.commit(&work, "doc.txt", &quoted, "Quoted");
    sandbox.commit(
        &work,
        "half.txt",
        "version https://git-lfs.github.com/spec/v1\n",
        "Half",
    );
    push_head(
        &sandbox,
        &work,
        remote.to_str().unwrap(),
        &options(&sandbox),
    )
    .unwrap();
    // One that the server has already does not count, whatever else is pushed.
    sandbox.commit(&work, "big.bin", POINTER, "Pointer");
    let url = remote.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "lfs");
    sandbox.git(&work, &["push", "-q", url, "feature"]);
    sandbox.commit(&work, "b.txt", "b\n", "After it");
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
}

/// A work tree with the submodule `deep/lib`, everything pushed; returns both and the outer remote.
fn with_submodule(sandbox: &Sandbox) -> (PathBuf, PathBuf, PathBuf) {
    let library = sandbox.repository("library");
    let inner = bare(sandbox, "inner");
    sandbox.git(&library, &["push", "-q", inner.to_str().unwrap(), "main"]);
    let (work, remote) = ahead(sandbox, "outer");
    let url = inner.to_str().unwrap();
    sandbox.git(&work, &["submodule", "--quiet", "add", url, "deep/lib"]);
    sandbox.git(&work, &["commit", "-q", "-m", "Add the library"]);
    (work.clone(), work.join("deep/lib"), remote)
}

/// Says whether git's own check lets the push through, without pushing.
fn git_lets_through(sandbox: &Sandbox, work: &Path, remote: &Path) -> bool {
    let mut command = sandbox.command("git");
    command
        .current_dir(work)
        .args(["push", "-q", "--dry-run", "--recurse-submodules=check"]);
    command.arg(remote).arg("feature");
    command.output().unwrap().status.success()
}

#[test]
fn a_submodule_commit_that_nobody_else_has_stops_the_push() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, submodule, remote) = with_submodule(&sandbox);
    let url = remote.to_str().unwrap();
    assert!(git_lets_through(&sandbox, &work, &remote));
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();

    // As `git submodule update` leaves it.
    sandbox.git(&submodule, &["checkout", "-q", "--detach"]);
    let id = sandbox.commit(&submodule, "new.txt", "new\n", "Only here");
    sandbox.git(&work, &["commit", "-q", "-a", "-m", "Take the new library"]);
    sandbox.commit(&work, "more.txt", "more\n", "One commit later");
    assert!(!git_lets_through(&sandbox, &work, &remote));
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "submodule");
    let advice = error.advice().unwrap();
    let source = id.get(..12).unwrap();
    let command = format!("git -C 'deep/lib' push origin {source}:refs/heads/NAME");
    assert_eq!(advice, format!("push the submodule first: {command}"));
    assert!(
        matches!(error.local_check(), Some(LocalCheckError::Submodule { path, .. }) if path == "deep/lib")
    );

    // The advice works: once it is pushed there, the push goes through here.
    let command = command.replace("NAME", "library-work");
    let mut shell = sandbox.command("sh");
    succeed(shell.args(["-c", &command]).current_dir(&work));
    assert!(git_lets_through(&sandbox, &work, &remote));
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
}

#[test]
fn submodules_are_not_looked_at_when_the_policy_says_so_or_they_are_not_here() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, submodule, remote) = with_submodule(&sandbox);
    let url = remote.to_str().unwrap();
    sandbox.commit(&submodule, "new.txt", "new\n", "Only here");
    sandbox.git(&work, &["commit", "-q", "-a", "-m", "Take the new library"]);
    let mut ignoring = options(&sandbox);
    ignoring.local.submodules = Submodules::Ignore;
    push_head(&sandbox, &work, url, &ignoring).unwrap();

    // A commit that nobody has ever seen, and a submodule that is not checked out.
    let id = "1234567890123456789012345678901234567890";
    let entry = format!("160000,{id},deep/lib");
    sandbox.git(&work, &["update-index", "--cacheinfo", &entry]);
    sandbox.git(&work, &["commit", "-q", "-m", "Unknown"]);
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
    sandbox.git(&work, &["submodule", "--quiet", "deinit", "-f", "deep/lib"]);
    sandbox.commit(&work, "x.txt", "x\n", "More");
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
}

#[test]
fn push_options_reach_the_servers_hook_as_those_of_git_do() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let url = remote.to_str().unwrap();
    let mut with = options(&sandbox);
    with.local.push_options = vec!["ci.skip".into(), "topic=a b".into()];
    let error = push_head(&sandbox, &work, url, &with).unwrap_err();
    assert!(
        matches!(error, BranchPushError::Push(PushError::NoPushOptions)),
        "{error:?}"
    );
    assert_eq!(error.class(), "unsupported");

    sandbox.git(&remote, &["config", "receive.advertisePushOptions", "true"]);
    let text = "env | grep ^GIT_PUSH_OPTION_ | sort > seen";
    script(&sandbox, "remotes/r.git/hooks/pre-receive", text);
    push_head(&sandbox, &work, url, &with).unwrap();
    let seen = || std::fs::read_to_string(remote.join("seen")).unwrap();
    let ours = seen();
    sandbox.commit(&work, "b.txt", "b\n", "More");
    sandbox.git(
        &work,
        &[
            "push",
            "-q",
            "-o",
            "ci.skip",
            "-o",
            "topic=a b",
            url,
            "feature",
        ],
    );
    assert_eq!(ours, seen());
    assert!(ours.contains("GIT_PUSH_OPTION_COUNT=2"), "{ours}");
}

#[test]
fn every_push_url_gets_the_branch_and_one_that_refuses_is_a_failure() {
    supervise!();
    let world = World::new();
    let work = world.work();
    let git = |arguments: &[&str]| world.sandbox.git(&work, arguments);
    git(&["clone", "-q", "--bare", ".", "../served/acme/mirror.git"]);
    let mirror = world.sandbox.path("served/acme/mirror.git");
    world
        .sandbox
        .git(&mirror, &["config", "http.receivepack", "true"]);
    world
        .sandbox
        .git(&mirror, &["update-ref", "-d", "refs/heads/feature/x"]);
    world
        .sandbox
        .git(&mirror, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let first = git(&["remote", "get-url", "origin"]);
    let second = first.replace("rocket", "mirror");
    git(&["config", "--add", "remote.origin.pushurl", &first]);
    git(&["config", "--add", "remote.origin.pushurl", &second]);
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "done", "{step}");
    assert_eq!(step["outputs"]["also"][0].as_str(), Some(second.as_str()));
    let head = git(&["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    let there = |name: &str| world.sandbox.git(&mirror, &["rev-parse", name]);
    assert_eq!(there("feature/x"), head);

    // The first refuses; the second gets it all the same, as with git.
    script(
        &world.sandbox,
        "served/acme/rocket.git/hooks/pre-receive",
        "exit 1",
    );
    let head = world.commit("b.txt", "b\n", "More");
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["reason"], "hook-declined", "{step}");
    assert!(
        step["summary"].as_str().unwrap().starts_with(&first),
        "{step}"
    );
    assert_eq!(there("feature/x"), head);
    let arrived = &step["outputs"]["arrived"];
    assert_eq!(arrived.as_array().unwrap().len(), 1, "{step}");
    assert_eq!(arrived[0]["url"].as_str(), Some(second.as_str()));
    assert_eq!(arrived[0]["action"], "updated");
    assert_eq!(arrived[0]["new"].as_str(), Some(head.as_str()));
    assert!(arrived[0]["objects"].as_u64().unwrap() > 0, "{step}");

    // Both refuse, each in its own words.
    script(
        &world.sandbox,
        "served/acme/mirror.git/hooks/update",
        "echo not here >&2; exit 1",
    );
    world.commit("b.txt", "bb\n", "And more");
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(
        step["summary"].as_str().unwrap(),
        format!(
            "{first}: the remote rejected `feature/x`: pre-receive hook declined; \
             {second}: the remote rejected `feature/x`: hook declined"
        )
    );
    assert!(step["outputs"].get("arrived").is_none(), "{step}");

    // A policy that lists remotes has to list them all.
    world.user_policy(&format!("[remotes]\nallowed = [\"{first}\"]\n"));
    world.commit("b.txt", "c\n", "Still more");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(
        report["steps"][0]["reason"], "remote-not-allowed",
        "{report}"
    );
}

#[test]
fn the_upstream_is_written_as_git_writes_it_and_only_on_request() {
    supervise!();
    let world = World::new();
    let config = world.work().join(".git/config");
    let before = std::fs::read_to_string(&config).unwrap();
    world.report(&["run", "post-commit"]);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);

    world.user_policy("[steps.push]\nset-upstream = true\n");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(
        report["steps"][0]["outputs"]["action"], "up-to-date",
        "{report}"
    );
    let ours = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, &before).unwrap();
    let url = world
        .sandbox
        .git(world.work(), &["remote", "get-url", "origin"]);
    let with_login = url.replace(
        "http://",
        &format!("http://x-access-token:{}@", crate::world::TOKEN),
    );
    let rewrite = format!("url.{with_login}.insteadOf={url}");
    world.sandbox.git(
        world.work(),
        &["-c", &rewrite, "push", "-q", "-u", "origin", "feature/x"],
    );
    assert_eq!(ours, std::fs::read_to_string(&config).unwrap());
    // A second time there is nothing to write.
    let modified = || config.metadata().unwrap().modified().unwrap();
    let first = modified();
    world.report(&["run", "post-commit"]);
    assert_eq!(modified(), first);
}

#[test]
fn push_options_of_a_policy_are_lines() {
    supervise!();
    let world = World::new();
    world.user_policy("[steps.push]\noptions = [\"a\\nb\"]\n");
    let said = world.run(&["policy", "check"]);
    assert_ne!(said.code, Some(0), "{}", said.stdout);
}
