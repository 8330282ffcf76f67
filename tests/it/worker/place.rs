//! Which repository a hook is about: the one that git names to it.

use crate::program::run;
use crate::world::{World, step};

use super::{git, hand_over_and_end_at, install, last_report, report_in};

#[test]
fn g24_a_linked_work_tree_ships_its_own_branch() {
    let world = World::new();
    let linked = world.linked("linked", "feature/y");
    install(&world, "clone/.git/hooks", "post-commit", "git-post-commit");
    std::fs::write(linked.join("c.txt"), "hello\n").unwrap();
    world.sandbox.git(&linked, &["add", "--all"]);
    git(&world, &linked, &["commit", "-q", "-m", "Say hello"])
        .output()
        .unwrap();
    let report = report_in(&world, &linked);
    assert_eq!(report["repo"]["branch"], "feature/y", "{report}");
    let head = world.sandbox.git(&linked, &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/y"), head);
    assert_eq!(world.tip("feature/x"), "");
}

/// Makes a repository for the dotfiles of the clone's directory, which is a repository itself.
fn dotfiles(world: &World) -> String {
    let dotfiles = world.sandbox.path("dotfiles.git");
    let directory = dotfiles.to_str().unwrap().to_owned();
    world
        .sandbox
        .git(world.work(), &["clone", "-q", "--bare", ".", &directory]);
    let url = format!("{}/acme/rocket.git", world.git.url());
    for arguments in [
        &["remote", "set-url", "origin", &url][..],
        &["config", "core.bare", "false"],
        &["symbolic-ref", "HEAD", "refs/heads/dotfiles"],
        &["update-ref", "refs/heads/dotfiles", "main"],
        &["update-ref", "refs/remotes/origin/main", "main"],
        &["update-ref", "-d", "refs/heads/feature/x"],
    ] {
        let mut all = vec!["--git-dir", &directory];
        all.extend(arguments);
        world.sandbox.git(world.work(), &all);
    }
    directory
}

#[test]
fn g24_a_git_directory_elsewhere_ships_its_own_branch() {
    let world = World::new();
    let directory = dotfiles(&world);
    install(
        &world,
        "dotfiles.git/hooks",
        "post-commit",
        "git-post-commit",
    );
    std::fs::write(world.work().join(".rc"), "hello\n").unwrap();
    let top = world.work();
    let names = [
        "--git-dir",
        &directory,
        "--work-tree",
        top.to_str().unwrap(),
    ];
    let with = |arguments: &[&str]| {
        let mut all = names.to_vec();
        all.extend(arguments);
        git(&world, &world.work(), &all).output().unwrap()
    };
    assert!(with(&["add", "-f", ".rc"]).status.success());
    assert!(with(&["commit", "-q", "-m", "Add my rc"]).status.success());
    let said = world.run(&["status", "--json"]).report();
    assert!(said["is_out"].is_boolean());
    let variables = {
        let mut variables = world.variables();
        variables.push(("GIT_DIR", directory.clone()));
        variables
    };
    let arguments = ["status", "--wait", "60s", "--json"];
    let report = world.run_in(&world.work(), &arguments, &variables).report();
    assert_eq!(report["repo"]["branch"], "dotfiles", "{report}");
    let head = world.sandbox.git(
        world.work(),
        &["--git-dir", &directory, "rev-parse", "HEAD"],
    );
    assert_eq!(world.tip("dotfiles"), head);
    assert_eq!(
        world.tip("feature/x"),
        "",
        "the repository around it stays as it is"
    );
}

#[test]
fn g24_a_run_does_not_guess_between_two_repositories() {
    let world = World::new();
    let directory = dotfiles(&world);
    let mut variables = world.variables();
    variables.push(("GIT_DIR", directory.clone()));
    let said = world.run_in(&world.work(), &["run", "--json"], &variables);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(
        (&push["verdict"], said.code),
        (&"failed".into(), Some(1)),
        "{report}"
    );
    let summary = world.normalise(push["summary"].as_str().unwrap());
    assert_eq!(
        summary,
        "GIT_DIR names the repository [ROOT]/dotfiles.git, and [ROOT]/clone is in the repository [ROOT]/clone/.git"
    );
    let advice = push["advice"].as_str().unwrap();
    assert_eq!(
        advice,
        "name the work tree with -C, or unset GIT_DIR; from a git hook, call `sendoff hook`"
    );
    assert_eq!(world.tip("feature/x"), "");
    // The advice, obeyed.
    let work = world.work();
    let said = world.run_in(
        &world.work(),
        &["run", "--json", "-C", work.to_str().unwrap()],
        &variables,
    );
    assert_eq!(step(&said.report(), "push")["verdict"], "done");
}

#[test]
fn a_git_dir_that_agrees_with_the_directory_is_no_matter() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("GIT_DIR", ".git".into()));
    let said = run(
        &world.sandbox,
        &world.work(),
        &["run", "--json"],
        &variables,
        b"",
    );
    assert_eq!(step(&said.report(), "push")["verdict"], "done");
}

/// Guards that a worker goes by what it finds: the commit, the remote and the policy of the time when it ships.
#[test]
fn a_branch_is_shipped_as_it_is_when_its_worker_comes() {
    let handed_over = |world: &World| {
        hand_over_and_end_at(world, &world.work(), "git-post-commit", "worker-told");
    };
    let world = World::new();
    let url = format!("{}/acme/rocket.git", world.git.url());
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    handed_over(&world);
    world.point_to(&url);
    let head = world.commit("later.txt", "later\n", "Later");
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.tip("feature/x"), head);

    let world = World::new();
    handed_over(&world);
    world.user_policy("[branches]\nprotected = [\"feature/*\"]\n");
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.tip("feature/x"), "");
    assert_eq!(super::pushes(&world), 0);
}

/// How a work tree is removed when its task is done.
#[derive(Debug, Clone, Copy)]
enum Removed {
    /// By `git worktree remove`.
    WithGit,
    /// Its directory is gone, and git does not know yet.
    ByHand,
}

fn remove(world: &World, linked: &std::path::Path, how: Removed) {
    match how {
        Removed::WithGit => {
            let path = linked.to_str().unwrap();
            world
                .sandbox
                .git(world.work(), &["worktree", "remove", path]);
        }
        Removed::ByHand => std::fs::remove_dir_all(linked).unwrap(),
    }
}

/// The same where all work trees are linked to a bare repository.
#[test]
fn a_branch_is_shipped_when_its_work_tree_of_a_bare_repository_is_gone() {
    for how in [Removed::WithGit, Removed::ByHand] {
        let world = World::new();
        let bare = world.sandbox.path("bare.git");
        let (path, top) = (bare.to_str().unwrap(), world.sandbox.path(""));
        let url = format!("{}/acme/rocket.git", world.git.url());
        let linked = world.sandbox.path("linked");
        world
            .sandbox
            .git(&top, &["clone", "-q", "--bare", "clone", path]);
        for arguments in [
            &["remote", "set-url", "origin", &url][..],
            &["update-ref", "refs/remotes/origin/main", "main"],
            &[
                "worktree",
                "add",
                "-q",
                "-b",
                "feature/y",
                "../linked",
                "main",
            ],
        ] {
            world.sandbox.git(&bare, arguments);
        }
        let head = world
            .sandbox
            .commit(&linked, "c.txt", "hello\n", "Say hello");
        hand_over_and_end_at(&world, &linked, "executor", "worker-told");
        match how {
            Removed::WithGit => {
                world
                    .sandbox
                    .git(&bare, &["worktree", "remove", "../linked"]);
            }
            Removed::ByHand => std::fs::remove_dir_all(&linked).unwrap(),
        }
        assert_eq!(world.run(&["flush"]).code, Some(0), "{how:?}");
        assert_eq!(world.tip("feature/y"), head, "{how:?}");
        assert_eq!(world.forge.pulls().len(), 1, "{how:?}");
    }
}

/// Guards the order of an agent that removes its work tree when its task has ended: the branch is in the repository still.
#[test]
fn a_branch_is_shipped_when_its_work_tree_is_gone() {
    for how in [Removed::WithGit, Removed::ByHand] {
        for is_pending in [false, true] {
            let world = World::new();
            let linked = world.linked("linked", "feature/y");
            let head = world
                .sandbox
                .commit(&linked, "c.txt", "hello\n", "Say hello");
            let url = format!("{}/acme/rocket.git", world.git.url());
            if is_pending {
                world.point_to("http://127.0.0.1:9/acme/rocket.git");
                let said = world.run_in(&linked, &["run", "post-commit"], &world.variables());
                assert_eq!(said.code, Some(75), "{}", said.stderr);
                world.point_to(&url);
            } else {
                hand_over_and_end_at(&world, &linked, "executor", "worker-told");
            }
            remove(&world, &linked, how);
            assert_eq!(world.run(&["flush"]).code, Some(0), "{how:?}, {is_pending}");
            assert_eq!(world.tip("feature/y"), head, "{how:?}, {is_pending}");
            assert_eq!(world.forge.pulls().len(), 1, "{how:?}, {is_pending}");
            assert_eq!(world.tip("feature/x"), "");
        }
    }
}

#[test]
fn the_branch_of_a_hook_is_shipped_when_head_has_left_it() {
    let world = World::new();
    let tip = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    world.user_policy("[steps.push]\nsettle = \"300ms\"");
    world.run(&["hook", "git-post-commit"]);
    world.sandbox.git(world.work(), &["switch", "-q", "main"]);
    let report = last_report(&world);
    assert_eq!(report["repo"]["branch"], "feature/x", "{report}");
    assert_eq!(world.tip("feature/x"), tip);
}
