//! What a run knows once the remote has answered, and what it says of a branch that is held.

use serde_json::Value;

use crate::sandbox::succeed;
use crate::world::{World, step};

fn shell(world: &World, text: &str) {
    let mut command = world.sandbox.command("sh");
    succeed(command.args(["-c", text]).current_dir(world.work()));
}

fn opened(world: &World) -> Value {
    let log = world.forge.log();
    let made = log
        .iter()
        .rfind(|call| call.method == "POST" && call.path.ends_with("/pulls"));
    serde_json::from_slice(&made.expect("no pull request").body).unwrap()
}

/// A clone of one branch knows no base: the whole history would be its title and body.
#[test]
fn a_clone_of_one_branch_opens_a_pull_request_of_its_new_commits() {
    let world = World::new();
    let work = world.work();
    world
        .sandbox
        .git(&work, &["update-ref", "-d", "refs/remotes/origin/main"]);
    world.sandbox.git(&work, &["branch", "-D", "main"]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    let pull = opened(&world);
    assert_eq!(pull["title"], "Add the first file");
    assert!(!pull["body"].as_str().unwrap().contains("start"), "{pull}");
}

#[test]
fn a_template_that_cannot_be_used_is_a_warning() {
    let world = World::new();
    std::fs::write(world.work().join("pull_request_template.md"), [0xff, b'a']).unwrap();
    world.commit("c.txt", "c", "Add a template");
    let report = world.report(&["run", "post-commit"]);
    let warnings = &step(&report, "pr-create")["outputs"]["warnings"];
    assert_eq!(
        warnings[0],
        "the pull request template pull_request_template.md is not used: it is not UTF-8 text"
    );
}

/// `git pull --rebase` would bring back the commit that was amended.
#[test]
fn an_amended_branch_is_advised_to_be_pushed_with_a_lease_alone() {
    let world = World::new();
    world.report(&["run", "post-commit"]);
    let old = world.tip("feature/x");
    world.sandbox.git(
        world.work(),
        &["commit", "-q", "--amend", "-m", "Said better"],
    );
    let report = world.report(&["run", "post-commit"]);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "diverged", "{report}");
    let advice = push["advice"].as_str().unwrap();
    let (_, command) = advice.split_once(": ").unwrap();
    assert_eq!(
        command,
        format!("git push --force-with-lease=feature/x:{old} origin feature/x")
    );
    // The advice, obeyed.
    let url = world.url_with_login() + "/acme/rocket.git";
    world.point_to(&url);
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    world.sandbox.git(world.work(), &words);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x").trim(), head.trim());
}

#[test]
fn a_branch_that_is_held_is_not_missed_by_hand_and_harms_no_hook() {
    let world = World::new();
    world.sandbox.git(world.work(), &["branch", "-m", "a;b"]);
    assert_eq!(world.run(&["run", "post-commit"]).code, Some(1));
    let hook = ["run", "post-commit", "--trigger", "git-post-commit"];
    assert_eq!(world.run(&hook).code, Some(0));
    world
        .sandbox
        .git(world.work(), &["branch", "-m", "it's(fine)!{x}"]);
    let said = world.run(&["run", "post-commit", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert_ne!(world.tip("it's(fine)!{x}"), "");
    let many = ["run", "post-commit", "--set", "limits.commits=1"];
    assert_eq!(world.run(&many).code, Some(1));
}

#[test]
fn an_edit_in_a_rebase_is_an_operation_in_progress() {
    let world = World::new();
    let work = world.work();
    let edit = "GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i main";
    shell(&world, edit);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(
        step(&report, "push")["reason"],
        "operation-in-progress",
        "{report}"
    );
    world.sandbox.git(&work, &["rebase", "--abort"]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

#[test]
fn a_policy_that_is_written_counts_whatever_the_umask() {
    let world = World::new();
    std::fs::remove_file(world.home_policy()).unwrap();
    std::fs::remove_dir(world.home_policy().parent().unwrap()).unwrap();
    let program = assert_cmd::cargo::cargo_bin("sendoff");
    let command = format!(
        "umask 000; '{}' policy init --preset solo",
        program.display()
    );
    shell(&world, &command);
    assert_eq!(world.run(&["policy", "check"]).code, Some(0));
}
