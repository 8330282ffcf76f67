//! The guards: what holds push and pull request back, with which code and words; and that memory
//! and heartbeat go out all the same.

mod heads;
mod remotes;

use serde_json::Value;

use crate::world::{World, step};

/// Runs with a task and returns the push step's line, after checking that nothing was pushed and
/// that the platform was told.
fn held(world: &World) -> (String, String) {
    let before = world.git.log().len();
    let said = world.run_task("remember me");
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "skipped");
    assert_eq!(step(&report, "pr-create")["verdict"], "skipped");
    assert_eq!(
        step(&report, "memory-commit")["verdict"],
        "done",
        "{report}"
    );
    assert_eq!(step(&report, "heartbeat-clear")["verdict"], "done");
    assert_eq!(world.git.log().len(), before, "the git server was asked");
    assert!(world.forge.pulls().is_empty());
    let push = step(&report, "push");
    // By hand, 0 would be taken for a push.
    let is_missed =
        ["odd-branch-name", "too-many-commits"].contains(&push["reason"].as_str().unwrap());
    assert_eq!(said.code, Some(i32::from(is_missed)), "{report}");
    let advice = push["advice"].as_str().unwrap_or("-");
    (
        push["reason"].as_str().unwrap().to_owned(),
        world.normalise(&format!(
            "{}\n-> {advice}",
            push["summary"].as_str().unwrap()
        )),
    )
}

#[test]
fn a_detached_head_is_held() {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "--detach"]);
    let (reason, text) = held(&world);
    assert_eq!(reason, "detached-head");
    insta::assert_snapshot!(text, @r"
    HEAD is detached: there is no branch to push
    -> switch to a branch: git switch -c NAME
    ");
}

#[test]
fn an_unborn_branch_is_held() {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "--orphan", "fresh"]);
    let (reason, text) = held(&world);
    assert_eq!(reason, "unborn-branch");
    insta::assert_snapshot!(text, @r"
    fresh has no commit yet
    -> commit something first
    ");
}

#[test]
fn protected_branches_are_held() {
    for branch in ["main", "release/1/2", "Staging", "gh-pages"] {
        let world = World::new();
        world
            .sandbox
            .git(world.work(), &["switch", "-q", "-C", branch]);
        let (reason, _) = held(&world);
        assert_eq!(reason, "protected-branch", "{branch}");
    }
}

#[test]
fn a_protected_branch_says_which_pattern_protects_it() {
    let world = World::new();
    world.user_policy("[branches]\nprotected = [\"team-*\"]\n");
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "-c", "team-x"]);
    let (_, text) = held(&world);
    insta::assert_snapshot!(text);
}

#[test]
fn operations_in_progress_are_held() {
    for (marker, is_directory, name) in [
        ("rebase-merge", true, "rebase"),
        ("rebase-apply", true, "rebase"),
        ("MERGE_HEAD", false, "merge"),
        ("CHERRY_PICK_HEAD", false, "cherry-pick"),
        ("REVERT_HEAD", false, "revert"),
        ("BISECT_LOG", false, "bisect"),
    ] {
        let world = World::new();
        let path = world.work().join(".git").join(marker);
        if is_directory {
            std::fs::create_dir(path).unwrap();
        } else {
            let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
            std::fs::write(path, head + "\n").unwrap();
        }
        let (reason, text) = held(&world);
        assert_eq!(reason, "operation-in-progress", "{marker}");
        assert!(text.contains(name), "{marker}: {text}");
    }
}

#[test]
fn odd_names_are_held() {
    for branch in ["+x", "$(id)", "a`b", "a\u{202e}b", "refs/heads/main"] {
        let world = World::new();
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        let full = format!("refs/heads/{branch}");
        world
            .sandbox
            .git(world.work(), &["update-ref", &full, &head]);
        world
            .sandbox
            .git(world.work(), &["symbolic-ref", "HEAD", &full]);
        let (reason, text) = held(&world);
        assert_eq!(reason, "odd-branch-name", "{branch}: {text}");
    }
}

#[test]
fn nothing_ahead_of_the_base_is_held() {
    let world = World::new();
    world.sandbox.git(
        world.work(),
        &["switch", "-q", "-c", "feature/none", "main"],
    );
    let (reason, _) = held(&world);
    assert_eq!(
        reason, "base-unknown",
        "no base is known, and main has its commits"
    );
    world.user_policy("[branches]\nbase = \"main\"\n");
    let (reason, text) = held(&world);
    assert_eq!(reason, "nothing-ahead");
    insta::assert_snapshot!(text, @"feature/none has no commit that main lacks\n-> -");
}

#[test]
fn more_commits_than_the_limit_are_held() {
    let world = World::new();
    world.user_policy("[limits]\ncommits = 1\n");
    let (reason, text) = held(&world);
    assert_eq!(reason, "too-many-commits");
    insta::assert_snapshot!(text);
}

#[test]
fn outside_a_repository_memory_and_heartbeat_go_out() {
    let world = World::new();
    let elsewhere = world.sandbox.path("home");
    let task = world
        .sandbox
        .write("task.json", r#"{"task":{"input":"remember"}}"#);
    let said = world.run_in(
        &elsewhere,
        &["run", "--input", task.to_str().unwrap(), "--json"],
        &world.variables(),
    );
    let report = said.report();
    assert_eq!(said.code, Some(0));
    assert_eq!(report["repo"], Value::Null);
    assert_eq!(report["steps"][2]["reason"], "not-a-repository");
    assert_eq!(world.platform.memories().len(), 1);
}

#[test]
fn a_broken_head_is_held() {
    for head in [
        "ref: ../../etc/passwd\n",
        "rubbish",
        "",
        "ref: refs/heads/a b\n",
    ] {
        let world = World::new();
        std::fs::write(world.work().join(".git/HEAD"), head).unwrap();
        let said = world.run_task("remember me");
        assert!(
            said.stdout.contains("\"bad-head\"") || said.stdout.contains("not-a-repository"),
            "{head:?}: {}{}",
            said.stdout,
            said.stderr
        );
        assert_eq!(world.platform.memories().len(), 1, "{head:?}");
        assert!(world.git.log().is_empty(), "{head:?}");
    }
}

#[test]
fn the_index_that_git_names_to_a_hook_does_not_choose_the_repository() {
    let world = World::new();
    let other = world.sandbox.repository("other");
    let mut variables = world.variables();
    let git_dir = other.join(".git").display().to_string();
    variables.push(("GIT_INDEX_FILE", format!("{git_dir}/index")));
    let said = world.run_in(&world.work(), &["run", "--json"], &variables);
    let report = said.report();
    assert_eq!(report["repo"]["branch"], "feature/x", "{report}");
    assert_eq!(report["steps"][2]["verdict"], "done", "{report}");
}
