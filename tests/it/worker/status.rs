//! `sendoff status` on the branch at hand: what was never handed over, or may not leave, is not "out".

use crate::world::World;

/// A branch that no hook handed over is named, with the command that ships it; then everything is out.
#[test]
fn a_branch_that_nobody_handed_over_is_not_out() {
    let world = World::new();
    let status = world.run(&["status"]);
    assert_eq!(
        status.stdout,
        "not pushed   feature/x: 2 commits, and nothing was handed over\n             -> sendoff run\n"
    );
    assert_eq!(status.code, Some(1));
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["is_out"], false);
    assert_eq!(status["branch"]["branch"], "feature/x");
    assert_eq!(status["branch"]["commits"], 2);
    assert!(status["branch"]["held"].is_null(), "{status}");
    // The advice, obeyed.
    assert_eq!(world.run(&["run"]).code, Some(0));
    let status = world.run(&["status"]);
    assert!(
        status.stdout.starts_with("everything is out\n"),
        "{}",
        status.stdout
    );
    assert_eq!(status.code, Some(0));
}

/// A push to a URL leaves no remote-tracking ref: the record of our pushes tells.
#[test]
fn a_push_that_no_tracking_ref_shows_is_out() {
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["config", "--unset-all", "remote.origin.fetch"]);
    assert_eq!(world.run(&["status"]).code, Some(1));
    assert_eq!(world.run(&["run"]).code, Some(0));
    assert_eq!(world.tip("feature/x"), git(&["rev-parse", "HEAD"]));
    let status = world.run(&["status"]);
    assert_eq!(status.code, Some(0), "{}", status.stdout);
    world.commit("later.txt", "later\n", "Later");
    let status = world.run(&["status"]);
    assert_eq!(status.code, Some(1), "{}", status.stdout);
}

/// A guard that holds the branch is named with its advice, which works.
#[test]
fn a_branch_that_a_guard_holds_says_why() {
    let world = World::new();
    world.user_policy("[remotes]\nallowed = [\"https://github.com/acme/*\"]\n");
    let status = world.run(&["status"]);
    assert!(
        status
            .stdout
            .starts_with("not pushed   feature/x: http://127.0.0.1:")
            && status
                .stdout
                .contains("(remote-not-allowed)\n             -> add its URL to `remotes.allowed`"),
        "{}",
        status.stdout
    );
    assert_eq!(status.code, Some(1));
    let url = world
        .sandbox
        .git(world.work(), &["remote", "get-url", "origin"]);
    world.user_policy(&format!("[remotes]\nallowed = [\"{url}\"]\n"));
    assert_eq!(world.run(&["run"]).code, Some(0));
    assert_eq!(world.run(&["status"]).code, Some(0));
}

/// A protected branch stays here as the policy wants it: nothing waits, and nothing is called out.
#[test]
fn a_protected_branch_is_not_called_out() {
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["switch", "-q", "main"]);
    let status = world.run(&["status"]);
    assert_eq!(
        status.stdout,
        "not pushed   main: branch main is protected (pattern `main`) (protected-branch)\n             -> work on a branch of your own: git switch -c NAME\nnothing waits\n"
    );
    assert_eq!(status.code, Some(0));
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["is_out"], false);
}
