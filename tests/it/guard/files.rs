//! Which files a branch changes: those with an effect on others, and how many.

use sendoff_testing::supervise;

use crate::world::World;

use super::{commit, git, held, shipped, world};

const CI: &str = ".github/workflows/ci.yml";

#[test]
fn g37_a_change_of_a_ci_file_is_noted_by_default() {
    supervise!();
    let world = World::new();
    commit(&world, CI, "on: push\n", "Add CI");
    assert_eq!(
        shipped(&world, "guarded-path"),
        ["the branch changes files that take effect for others: .github/workflows/"]
    );
}

#[test]
fn g37_a_branch_that_changes_ci_is_held_until_the_change_is_out() {
    supervise!();
    let world = world("paths = \"hold\"");
    commit(&world, CI, "on: push\n", "Add CI");
    commit(&world, "CODEOWNERS", "* @eve\n", "Own everything");
    commit(&world, ".gitmodules", "", "Add an empty list");
    commit(&world, ".sendoff.toml", "", "Add a policy");
    insta::assert_snapshot!(held(&world, "guarded-path"), @r"
    the branch changes files that take effect for others: .github/workflows/, CODEOWNERS, .gitmodules and 1 more
    take the change out of the branch, push it by hand after a look, or set `guard.paths` in the user's policy
    ");
    // The advice, obeyed.
    git(
        &world,
        &["rm", "-q", CI, "CODEOWNERS", ".gitmodules", ".sendoff.toml"],
    );
    git(&world, &["commit", "-qm", "Take it out"]);
    assert!(shipped(&world, "guarded-path").is_empty());
}

#[test]
fn g37_a_link_in_place_of_a_directory_and_a_new_mode_are_changes() {
    supervise!();
    let world = world("paths = \"hold\"");
    commit(&world, ".circleci/config.yml", "jobs: {}\n", "Add CI");
    git(&world, &["branch", "-f", "main"]);
    git(&world, &["update-ref", "refs/remotes/origin/main", "main"]);
    git(
        &world,
        &["push", "-q", &world.bare().display().to_string(), "main"],
    );
    commit(&world, "b.txt", "b\n", "Add b");
    assert!(shipped(&world, "guarded-path").is_empty());
    std::fs::remove_dir_all(world.work().join(".circleci")).unwrap();
    std::os::unix::fs::symlink("elsewhere", world.work().join(".circleci")).unwrap();
    git(&world, &["add", "--all"]);
    git(&world, &["commit", "-qm", "Link it"]);
    let said = world.run(&["run", "post-commit"]);
    assert!(said.stdout.contains(".circleci/"), "{}", said.stdout);
}

/// What came with a merge of the base is the base's.
#[test]
fn what_a_merge_of_the_base_brings_is_not_the_branchs_doing() {
    supervise!();
    let world = world("paths = \"hold\"\nfiles = 3");
    git(&world, &["switch", "-q", "main"]);
    for name in ["c", "d", "e", "f"] {
        commit(&world, &format!("{name}.txt"), "text\n", "Add a file");
    }
    commit(&world, CI, "on: push\n", "Add CI");
    git(
        &world,
        &["push", "-q", &world.bare().display().to_string(), "main"],
    );
    git(&world, &["update-ref", "refs/remotes/origin/main", "main"]);
    git(&world, &["switch", "-q", "feature/x"]);
    git(&world, &["merge", "-q", "--no-edit", "main"]);
    assert!(shipped(&world, "guarded-path").is_empty());
    // A change of it is.
    commit(&world, CI, "on: [push, pull_request]\n", "Change CI");
    let said = world.run(&["run", "post-commit"]);
    assert!(
        said.stdout.contains(".github/workflows/"),
        "{}",
        said.stdout
    );
}

/// Ten levels of ten directories that are one: ten thousand million paths, and no file.
#[test]
fn a_bomb_of_trees_is_counted_once() {
    supervise!();
    let world = world("files = 3");
    let work = world.work();
    let make = |rows: &str| -> String {
        let tree = world.sandbox.feed(&work, &["mktree"], rows);
        String::from_utf8(tree).unwrap().trim().to_owned()
    };
    let with = |tree: &str| -> String {
        git(
            &world,
            &["commit-tree", tree, "-p", "HEAD", "-m", "Add directories"],
        )
    };
    let mut tree = make("");
    for _ in 0..10 {
        let rows = (0..10).map(|name| format!("040000 tree {tree}\td{name}\n"));
        tree = make(&rows.collect::<String>());
    }
    let empty = with(&tree);
    // The control: the same with a file at the end is held.
    let blob = git(&world, &["rev-parse", "HEAD:a.txt"]);
    let mut tree = make(&format!("100644 blob {blob}\tf\n"));
    for _ in 0..10 {
        let rows = (0..10).map(|name| format!("040000 tree {tree}\td{name}\n"));
        tree = make(&rows.collect::<String>());
    }
    let full = with(&tree);
    let merged = |commit: &str| {
        git(&world, &["update-ref", "refs/heads/feature/x", commit]);
        world.report(&["run", "post-commit"])["steps"][0].clone()
    };
    assert_eq!(merged(&full)["reason"], "too-many-files");
    assert_eq!(merged(&empty)["verdict"], "done");
}

#[test]
fn a_branch_that_changes_too_many_files_is_held() {
    supervise!();
    let world = world("files = 3");
    for name in ["deep/er/b", "deep/er/c"] {
        commit(&world, name, "text\n", "Add a file");
    }
    // a.txt and the two: three.
    let count = git(&world, &["diff", "--name-only", "main", "HEAD"]);
    assert_eq!(count.lines().count(), 3);
    git(&world, &["rm", "-q", "README"]);
    git(&world, &["commit", "-qm", "Remove the first file"]);
    insta::assert_snapshot!(held(&world, "too-many-files"), @r"
    the branch changes more than 3 files (guard.files)
    check that the base is right (`branches.base`) and fetched, or raise `guard.files`
    ");
    world.user_policy("[guard]\nfiles = 4\n");
    assert!(shipped(&world, "too-many-files").is_empty());
}

/// A branch with a history of its own changes all of its files.
#[test]
fn g37_a_history_of_its_own_changes_whatever_it_has() {
    supervise!();
    let world = world("paths = \"hold\"");
    git(&world, &["switch", "-q", "--orphan", "feature/y"]);
    commit(&world, CI, "on: push\n", "Begin anew");
    let said = world.run(&["run", "post-commit"]);
    assert!(
        said.stdout.contains(".github/workflows/"),
        "{}",
        said.stdout
    );
    assert_eq!(world.tip("feature/y"), "");
}
