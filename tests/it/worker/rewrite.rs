//! `rewrite = "lease"`: a branch that was amended or rebased replaces what was pushed from here, and nothing else.
//! Each case beside `git push --force-with-lease=BRANCH:COMMIT` on a copy of the remote.

use serde_json::{Value, json};

use crate::world::{World, step};

use super::{git, install, last_report, somebody_pushes, wait_for_workers};

const LEASE: &str = "[steps.push]\nrewrite = \"lease\"\n";

/// A world whose branch is pushed and whose policy lets it be rewritten.
fn pushed(policy: &str) -> World {
    let world = World::new();
    world.user_policy(policy);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    world
}

fn amend(world: &World) -> String {
    let work = world.work();
    world
        .sandbox
        .git(&work, &["commit", "-q", "--amend", "-m", "Say it better"]);
    world.sandbox.git(&work, &["rev-parse", "HEAD"])
}

/// Does with git on a copy of the remote what we are about to do; returns where the branch is then.
fn git_does(world: &World, expected: &str) -> String {
    let top = world.sandbox.path("");
    let bare = world.bare();
    world.sandbox.git(
        &top,
        &["clone", "-q", "--mirror", bare.to_str().unwrap(), "copy"],
    );
    let copy = world.sandbox.path("copy");
    let lease = format!("--force-with-lease=feature/x:{expected}");
    let arguments = ["push", "-q", &lease, copy.to_str().unwrap(), "feature/x"];
    git(world, &world.work(), &arguments).output().unwrap();
    world
        .sandbox
        .git(&copy, &["rev-parse", "refs/heads/feature/x"])
}

/// Returns what a push says that was refused.
fn refused(world: &World, arguments: &[&str]) -> Value {
    let report = world.report(arguments);
    let push = step(&report, "push").clone();
    assert_eq!(push["verdict"], "failed", "{report}");
    push
}

/// Checks that a run refuses to replace what the remote has.
fn assert_diverged(world: &World, tip: &str) {
    assert_eq!(
        refused(world, &["run", "post-commit"])["reason"],
        "diverged"
    );
    assert_eq!(world.tip("feature/x"), tip);
}

#[test]
fn an_amended_branch_replaces_what_was_pushed_from_here() {
    let world = pushed(LEASE);
    let old = world.tip("feature/x");
    let new = amend(&world);
    let twin = git_does(&world, &old);
    let plan = world.run(&["plan", "post-commit"]).stdout;
    assert!(
        plan.contains("(steps.push.rewrite)") && !plan.contains("diverged"),
        "{plan}"
    );
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(
        step(&report, "push")["outputs"]["old"],
        json!(old),
        "{report}"
    );
    assert_eq!((world.tip("feature/x"), &twin), (new.clone(), &new));
    assert_eq!(world.forge.pulls().len(), 1, "the same pull request");
    // And once more: the record is of the last push.
    let new = amend(&world);
    world.report(&["run", "post-commit"]);
    assert_eq!(world.tip("feature/x"), new);
}

#[test]
fn a_rebased_branch_replaces_what_was_pushed_from_here() {
    let world = pushed(LEASE);
    let work = world.work();
    world.sandbox.git(&work, &["switch", "-q", "main"]);
    world.commit("main.txt", "main\n", "Go on");
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
    world.sandbox.git(&work, &["rebase", "-q", "main"]);
    let twin = git_does(&world, &world.tip("feature/x"));
    world.report(&["run", "post-commit"]);
    let head = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!((world.tip("feature/x"), twin), (head.clone(), head));
}

#[test]
fn hooks_of_git_ship_an_amended_branch() {
    let world = pushed(LEASE);
    for (hook, surface) in [
        ("post-commit", "git-post-commit"),
        ("post-rewrite", "git-post-rewrite"),
    ] {
        install(&world, "clone/.git/hooks", hook, surface);
    }
    let arguments = ["commit", "-q", "--amend", "-m", "Say it better"];
    assert!(
        git(&world, &world.work(), &arguments)
            .status()
            .unwrap()
            .success()
    );
    last_report(&world);
    wait_for_workers(&world);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that nothing is replaced but what this machine pushed from this repository, for a person.
#[test]
fn what_was_not_pushed_from_here_is_never_replaced() {
    // Somebody else pushed since; git's lease on what we pushed is broken, too.
    let world = pushed(LEASE);
    let ours = world.tip("feature/x");
    let theirs = somebody_pushes(&world);
    amend(&world);
    assert_eq!(git_does(&world, &ours), theirs);
    assert_eq!(
        refused(&world, &["run", "post-commit"])["reason"],
        "diverged"
    );
    assert_eq!(world.tip("feature/x"), theirs);

    // An agent asks.
    let world = pushed(LEASE);
    let ours = world.tip("feature/x");
    amend(&world);
    let push = refused(&world, &["run", "post-commit", "--trigger", "executor"]);
    assert_eq!(
        (&push["reason"], world.tip("feature/x")),
        (&json!("diverged"), ours)
    );

    // The policy does not let it.
    let world = pushed("");
    let ours = world.tip("feature/x");
    let head = amend(&world);
    let push = refused(&world, &["run", "post-commit"]);
    assert_eq!(
        (&push["reason"], world.tip("feature/x")),
        (&json!("diverged"), ours)
    );
    // What it advises works.
    let advice = push["advice"].as_str().unwrap();
    let (_, command) = advice.split_once("git push ").unwrap();
    let url = world.url_with_login();
    world.point_to(&format!("{url}/acme/rocket.git"));
    let arguments: Vec<&str> = std::iter::once("push").chain(command.split(' ')).collect();
    world.sandbox.git(world.work(), &arguments);
    assert_eq!(world.tip("feature/x"), head);

    // Pushed by hand with git: nobody recorded it.
    let world = World::new();
    world.user_policy(LEASE);
    let url = format!("{}/acme/rocket.git", world.url_with_login());
    world
        .sandbox
        .git(world.work(), &["push", "-q", &url, "feature/x"]);
    let ours = world.tip("feature/x");
    amend(&world);
    assert_diverged(&world, &ours);
}

/// Guards that commits are not taken from the remote because a branch was reset here for a while.
#[test]
fn a_branch_that_is_only_behind_was_not_rewritten() {
    let world = pushed(LEASE);
    let ours = world.tip("feature/x");
    world
        .sandbox
        .git(world.work(), &["reset", "-q", "--hard", "HEAD~1"]);
    let push = refused(&world, &["run", "post-commit"]);
    assert_eq!(
        (&push["reason"], world.tip("feature/x")),
        (&json!("diverged"), ours)
    );
    let advice = push["advice"].as_str().unwrap();
    assert!(advice.contains("git pull --ff-only"), "{push}");
    // That would bring back what somebody took out on purpose: the other command, obeyed.
    let (_, command) = advice.rsplit_once("on purpose: git ").unwrap();
    let mut words: Vec<&str> = command.split(' ').collect();
    let url = format!("{}/acme/rocket.git", world.url_with_login());
    let remote = words.iter_mut().find(|word| **word == "origin").unwrap();
    *remote = &url;
    world.sandbox.git(world.work(), &words);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

/// Guards that a repository's file cannot ask for it.
#[test]
fn a_repository_cannot_ask_for_rewrites() {
    let world = pushed("");
    std::fs::write(
        world.work().join(".sendoff.toml"),
        "[steps.push]\nrewrite = \"lease\"\n",
    )
    .unwrap();
    let ours = world.tip("feature/x");
    amend(&world);
    assert_diverged(&world, &ours);
}
