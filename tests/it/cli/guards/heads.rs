//! A HEAD, a branch or a git directory that cannot be used: what is said, and that the advice works.

use std::fs;

use sendoff_testing::succeed;

use crate::world::{World, step};

/// Runs, and returns why nothing was pushed, and the advice.
fn refused(world: &World) -> (String, String) {
    let report = world.run(&["run", "--json"]).report();
    let push = step(&report, "push");
    let text = |key: &str| push[key].as_str().unwrap_or("-").to_owned();
    assert_eq!(world.tip("feature/x"), "", "{report}");
    (text("summary"), text("advice"))
}

/// Runs again, and the branch `name` is on the server.
fn ships(world: &World, name: &str) {
    let said = world.run(&["run"]);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip(name), head, "{}{}", said.stdout, said.stderr);
}

#[test]
fn a_name_that_git_does_not_let_anybody_create_is_renamed() {
    for name in ["-a", "@", "HEAD"] {
        let world = World::new();
        let full = format!("refs/heads/{name}");
        let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
        git(&["update-ref", &full, "HEAD"]);
        git(&["symbolic-ref", "HEAD", &full]);
        let (summary, advice) = refused(&world);
        assert_eq!(
            summary,
            format!("`{name}` is not a branch name that git allows")
        );
        assert_eq!(advice, "rename the branch: git branch -m NAME");
        git(&["branch", "-m", "fresh"]);
        ships(&world, "fresh");
    }
}

#[test]
fn what_is_no_branch_is_switched_away_from() {
    let world = World::new();
    let head = ["symbolic-ref", "HEAD", "refs/remotes/origin/main"];
    world.sandbox.git(world.work(), &head);
    let (summary, advice) = refused(&world);
    assert_eq!(
        summary,
        "HEAD names `refs/remotes/origin/main`, which is not a branch"
    );
    assert_eq!(advice, "switch to a branch: git switch NAME");
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "feature/x"]);
    ships(&world, "feature/x");
}

#[test]
fn a_head_that_holds_nothing_is_written_anew() {
    let world = World::new();
    let head = world.work().join(".git/HEAD");
    fs::write(&head, "rubbish\n").unwrap();
    let (summary, advice) = refused(&world);
    assert_eq!(summary, "HEAD holds neither a branch nor a commit id");
    assert_eq!(
        advice,
        "name a branch in the file HEAD of the git directory, as in `ref: refs/heads/NAME`"
    );
    fs::write(&head, "ref: refs/heads/feature/x\n").unwrap();
    ships(&world, "feature/x");
}

#[test]
fn a_link_in_the_place_of_a_branch_is_replaced() {
    let world = World::new();
    let branch = world.work().join(".git/refs/heads/feature/x");
    let elsewhere = world.sandbox.path("elsewhere");
    fs::rename(&branch, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &branch).unwrap();
    let (summary, advice) = refused(&world);
    assert_eq!(
        summary,
        "the ref `refs/heads/feature/x` cannot be read: it is, or lies behind, a symbolic link"
    );
    assert_eq!(advice, "put what the symbolic link leads to in its place");
    fs::rename(&elsewhere, &branch).unwrap();
    ships(&world, "feature/x");
}

#[test]
fn a_work_tree_whose_repository_was_moved_is_repaired() {
    let world = World::new();
    let linked = world.linked("linked", "other");
    world.sandbox.commit(&linked, "b.txt", "b\n", "Add b");
    let moved = world.sandbox.path("moved");
    fs::rename(world.work(), &moved).unwrap();
    let report = || {
        world
            .run_in(&linked, &["run", "--json"], &world.variables())
            .report()
    };
    let push = |report: &serde_json::Value, key: &str| step(report, "push")[key].clone();
    let refused = report();
    let summary = push(&refused, "summary");
    let says = summary.as_str().unwrap();
    assert!(
        says.ends_with("/linked/.git` does not point to a git directory"),
        "{refused}"
    );
    assert_eq!(
        push(&refused, "advice"),
        "if the repository was moved, run in it: git worktree repair PATH, with the path of this work tree"
    );
    let path = linked.to_str().unwrap();
    world.sandbox.git(&moved, &["worktree", "repair", path]);
    assert_eq!(push(&report(), "verdict"), "done");
}

/// Guards against the advice to repair a work tree whose own files are broken: `git worktree repair` does nothing then.
#[test]
fn a_work_tree_whose_git_directory_is_broken_gets_its_file_anew() {
    let world = World::new();
    let linked = world.linked("linked", "other");
    let own = world.work().join(".git/worktrees/linked");
    let report = || world.run_in(&linked, &["run", "--json"], &world.variables());
    for (n, (name, content)) in [
        ("commondir", Some("../../nowhere\n")),
        ("commondir", Some("")),
        ("commondir", None),
        ("HEAD", None),
    ]
    .into_iter()
    .enumerate()
    {
        let head = world
            .sandbox
            .commit(&linked, "b.txt", &n.to_string(), "Add b");
        match content {
            Some(content) => fs::write(own.join(name), content).unwrap(),
            None => fs::remove_file(own.join(name)).unwrap(),
        }
        let refused = report().report();
        let push = step(&refused, "push");
        let text = |key: &str| world.normalise(push[key].as_str().unwrap());
        let file = format!("[ROOT]/clone/.git/worktrees/linked/{name}");
        assert_eq!(
            text("summary"),
            format!("`{file}` is missing, or leads to no repository")
        );
        let content = if name == "HEAD" {
            "ref: refs/heads/NAME"
        } else {
            "../.."
        };
        let advice = push["advice"].as_str().unwrap();
        assert_eq!(
            world.normalise(advice),
            format!("write it anew: echo '{content}' > {file}")
        );
        let command = advice.strip_prefix("write it anew: ").unwrap();
        let mut shell = world.sandbox.command("sh");
        succeed(shell.arg("-c").arg(command.replace("NAME", "other")));
        let report = report().report();
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        assert_eq!(world.tip("other"), head);
    }
}

#[test]
fn a_repository_that_names_another_one_as_its_own_forgets_it() {
    let world = World::new();
    let file = world.work().join(".git/commondir");
    fs::write(&file, "../nowhere\n").unwrap();
    let (summary, advice) = refused(&world);
    assert!(
        summary.ends_with("/clone/.git/commondir` does not point to a git directory"),
        "{summary}"
    );
    let (why, command) = advice.split_once(": ").unwrap();
    assert_eq!(
        why,
        "git has this file in linked work trees alone, remove it"
    );
    let mut shell = world.sandbox.command("sh");
    succeed(shell.arg("-c").arg(command));
    assert!(!file.exists());
    ships(&world, "feature/x");
}
