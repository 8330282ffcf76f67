//! Tests of `git::uncommitted`: the counts are those of `git status --porcelain`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sendoff::git::Uncommitted;
use sendoff_testing::supervise;

use super::open;
use crate::sandbox::Sandbox;

/// Counts by our own hands.
pub(super) fn ours(sandbox: &Sandbox, work: &Path) -> Option<Uncommitted> {
    open(sandbox, work).uncommitted(&Arc::new(AtomicBool::new(false)))
}

/// Counts the lines that git prints.
fn gits(sandbox: &Sandbox, work: &Path) -> Uncommitted {
    let listed = sandbox.git(work, &["status", "--porcelain"]);
    let untracked = listed.lines().filter(|line| line.starts_with("??")).count();
    Uncommitted {
        changed: listed.lines().count() - untracked,
        untracked,
        is_partial: false,
    }
}

/// Compares both, and returns how many paths are changed and untracked.
pub(super) fn same(sandbox: &Sandbox, work: &Path) -> (usize, usize) {
    // Git writes the index where its times are stale: it is asked second.
    let (ours, gits) = (
        ours(sandbox, work).expect("it is counted"),
        gits(sandbox, work),
    );
    assert_eq!(ours, gits);
    (ours.changed, ours.untracked)
}

/// A repository with three files, one of them in a directory.
pub(super) fn repository(sandbox: &Sandbox) -> PathBuf {
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    sandbox.commit(&work, "b", "one\ntwo\nthree\n", "b");
    sandbox.write("r/src/c", "c\n");
    sandbox.git(&work, &["add", "src"]);
    sandbox.git(&work, &["commit", "-q", "-m", "c"]);
    work
}

/// Guards memory: gitoxide makes an index of HEAD's tree, with every path whole.
#[test]
fn a_tree_of_head_that_is_much_larger_than_the_index_is_not_compared() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let make = |rows: String| -> String {
        let tree = sandbox.feed(&work, &["mktree"], rows);
        String::from_utf8(tree).unwrap().trim().to_owned()
    };
    let commit = |tree: &str| {
        let made = ["commit-tree", tree, "-p", "HEAD", "-m", "directories"];
        let commit = sandbox.git(&work, &made);
        sandbox.git(&work, &["update-ref", "HEAD", &commit]);
    };
    let blob = sandbox.git(&work, &["rev-parse", "HEAD:a"]);
    let files = |count: usize| {
        let rows = (0..count).map(|file| format!("100644 blob {blob}\tf{file:04}\n"));
        make(rows.collect())
    };
    commit(&files(2_000));
    let found = ours(&sandbox, &work).unwrap();
    assert!(found.is_partial && found.changed == 1_000, "{found:?}");
    // The control.
    commit(&files(20));
    assert_eq!(ours(&sandbox, &work), Some(gits(&sandbox, &work)));
    let mut tree = files(1);
    for _ in 0..520 {
        tree = make(format!("040000 tree {tree}\td\n"));
    }
    commit(&tree);
    assert_eq!(ours(&sandbox, &work), None);
}

#[test]
fn nothing_counts_where_everything_is_committed() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn changes_in_the_index_and_in_the_work_tree_count_once_for_a_path() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.write("r/a", "changed and staged\n");
    sandbox.git(&work, &["add", "a"]);
    sandbox.write("r/a", "and changed again\n");
    sandbox.write("r/src/c", "changed\n");
    std::fs::remove_file(work.join("b")).unwrap();
    assert_eq!(same(&sandbox, &work), (3, 0));
}

#[test]
fn a_directory_of_untracked_files_is_one_and_an_empty_one_none() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.write("r/new/one", "1\n");
    sandbox.write("r/new/deep/two", "2\n");
    sandbox.write("r/src/three", "3\n");
    std::fs::create_dir_all(work.join("empty/er")).unwrap();
    sandbox.pipe("r/pipe");
    assert_eq!(same(&sandbox, &work), (0, 2));
    sandbox.git(&work, &["config", "status.showUntrackedFiles", "all"]);
    assert_eq!(same(&sandbox, &work), (0, 3));
    sandbox.git(&work, &["config", "status.showUntrackedFiles", "no"]);
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn what_any_file_of_patterns_ignores_does_not_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.commit(&work, ".gitignore", "*.log\n/build/\n", "ignore");
    sandbox.write("r/.git/info/exclude", "secret\n");
    sandbox.write("home/.config/git/ignore", "*.swp\n");
    for name in ["x.log", "build/x", "secret", "src/c.swp", "src/seen"] {
        sandbox.write(format!("r/{name}").as_str(), "x\n");
    }
    assert_eq!(same(&sandbox, &work), (0, 1));
    sandbox.write("home/others", "nothing\n");
    sandbox.git(
        &work,
        &["config", "--global", "core.excludesFile", "~/others"],
    );
    assert_eq!(same(&sandbox, &work), (0, 2), "the swap file counts now");
}

#[test]
fn a_rename_in_the_index_is_one_path() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.git(&work, &["mv", "b", "renamed"]);
    assert_eq!(same(&sandbox, &work), (1, 0));
    sandbox.git(&work, &["config", "status.renames", "false"]);
    assert_eq!(same(&sandbox, &work), (2, 0));
}

#[test]
fn modes_links_and_intentions_count_as_git_counts_them() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.executable("r/a", "a\n");
    std::fs::remove_file(work.join("b")).unwrap();
    std::os::unix::fs::symlink("a", work.join("b")).unwrap();
    sandbox.write("r/later", "later\n");
    sandbox.git(&work, &["add", "--intent-to-add", "later"]);
    assert_eq!(same(&sandbox, &work), (3, 0));
    sandbox.git(&work, &["config", "core.fileMode", "false"]);
    assert_eq!(same(&sandbox, &work), (2, 0));
}

#[test]
fn a_linked_work_tree_is_counted_by_itself() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let linked = sandbox.path("linked");
    let path = linked.to_str().unwrap();
    sandbox.git(&work, &["worktree", "add", "-q", path, "-b", "side"]);
    sandbox.write("linked/a", "changed\n");
    sandbox.write("linked/new", "new\n");
    sandbox.write("linked/newer", "new\n");
    assert_eq!(same(&sandbox, &linked), (1, 2));
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn a_submodule_is_one_path_and_its_configuration_is_heeded() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let other = sandbox.repository("other");
    sandbox.commit(&other, "x", "x\n", "x");
    let allow = ["-c", "protocol.file.allow=always"];
    let add = ["submodule", "add", "-q", other.to_str().unwrap(), "lib"];
    sandbox.git(&work, &[allow.as_slice(), &add].concat());
    sandbox.git(&work, &["commit", "-q", "-m", "lib"]);
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.write("r/lib/x", "changed\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
    sandbox.write("r/lib/new", "untracked\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
    sandbox.git(&work, &["config", "diff.ignoreSubmodules", "all"]);
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.git(&work, &["config", "diff.ignoreSubmodules", "none"]);
    let inside = work.join("lib");
    sandbox.git(&inside, &["checkout", "-q", "--", "x"]);
    std::fs::remove_file(inside.join("new")).unwrap();
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.commit(&inside, "x", "new\n", "new commit");
    assert_eq!(same(&sandbox, &work), (1, 0));
}

#[test]
fn a_repository_inside_is_one_untracked_path() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let inside = sandbox.repository("r/inside");
    sandbox.commit(&inside, "x", "x\n", "x");
    assert_eq!(same(&sandbox, &work), (0, 1));
}

#[test]
fn a_branch_without_a_commit_and_a_conflict_count_as_git_counts_them() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.path("unborn");
    std::fs::create_dir(&work).unwrap();
    sandbox.git(&work, &["init", "-q"]);
    sandbox.write("unborn/a", "a\n");
    sandbox.write("unborn/b", "b\n");
    sandbox.git(&work, &["add", "a"]);
    assert_eq!(same(&sandbox, &work), (1, 1));

    let work = repository(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "-b", "side"]);
    sandbox.commit(&work, "a", "side\n", "side");
    sandbox.git(&work, &["checkout", "-q", "main"]);
    sandbox.commit(&work, "a", "main\n", "main");
    let mut merge = sandbox.command("git");
    merge.args(["merge", "side"]).current_dir(&work);
    assert!(!merge.output().unwrap().status.success());
    assert_eq!(same(&sandbox, &work), (1, 0));
}

#[test]
fn a_filter_is_not_run_and_its_unchanged_file_does_not_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let ran = sandbox.path("ran");
    let clean = format!("touch {} && tr a-z A-Z", ran.display());
    sandbox.git(&work, &["config", "filter.loud.clean", &clean]);
    sandbox.git(&work, &["config", "filter.loud.smudge", "cat"]);
    sandbox.commit(
        &work,
        ".gitattributes",
        "*.loud filter=loud\n",
        "attributes",
    );
    sandbox.commit(&work, "x.loud", "quiet\n", "x");
    std::fs::remove_file(&ran).unwrap();
    // Another time, the same bytes: only the filter could tell that nothing changed.
    sandbox.write("r/x.loud", "quiet\n");
    let counted = ours(&sandbox, &work).unwrap();
    assert!(!ran.exists());
    assert_eq!((counted.changed, counted.untracked), (0, 0));
    assert_eq!(gits(&sandbox, &work), counted);
    sandbox.write("r/x.loud", "quiet no more\n");
    assert_eq!(same(&sandbox, &work), (1, 0));
}

#[test]
fn line_endings_are_converted_as_the_configuration_says() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.git(&work, &["config", "core.autocrlf", "true"]);
    std::fs::remove_file(work.join("b")).unwrap();
    sandbox.git(&work, &["checkout", "-q", "--", "b"]);
    let checked_out = std::fs::read(work.join("b")).unwrap();
    assert_eq!(checked_out, b"one\r\ntwo\r\nthree\r\n");
    // The same bytes at another time: they are compared.
    std::fs::write(work.join("b"), checked_out).unwrap();
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn counting_ends_at_a_thousand_paths_and_when_it_is_told_to() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    for number in 0..1_100 {
        std::fs::write(work.join(format!("src/{number}")), "x").unwrap();
    }
    let counted = ours(&sandbox, &work).unwrap();
    assert!(counted.is_partial);
    assert_eq!(counted.changed + counted.untracked, 1_000);
    let stopped = Arc::new(AtomicBool::new(true));
    assert_eq!(open(&sandbox, &work).uncommitted(&stopped), None);
}

#[test]
fn what_has_no_end_is_not_read() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    std::os::unix::fs::symlink("/dev/zero", work.join(".gitmodules")).unwrap();
    assert_eq!(ours(&sandbox, &work), None);
    std::fs::remove_file(work.join(".gitmodules")).unwrap();
    std::fs::create_dir_all(work.join(".git/info")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", work.join(".git/info/exclude")).unwrap();
    sandbox.write("r/new", "is it ignored?\n");
    assert_eq!(ours(&sandbox, &work), None);
    std::fs::remove_file(work.join(".git/info/exclude")).unwrap();
    sandbox.write("r/.git/index", "no index");
    assert_eq!(ours(&sandbox, &work), None);
    let bare = sandbox.path("bare");
    sandbox.git(
        &work,
        &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
    );
    assert_eq!(ours(&sandbox, &bare), None);
}

#[test]
fn what_git_is_told_not_to_compare_does_not_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.git(&work, &["update-index", "--assume-unchanged", "a"]);
    sandbox.git(&work, &["update-index", "--skip-worktree", "b"]);
    sandbox.write("r/a", "changed\n");
    std::fs::remove_file(work.join("b")).unwrap();
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.write("r/src/c", "changed\n");
    sandbox.write("r/new", "new\n");
    assert_eq!(same(&sandbox, &work), (1, 1));
}

#[test]
fn a_directory_that_became_a_link_counts_with_its_files() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    std::fs::rename(work.join("src"), sandbox.path("moved")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("moved"), work.join("src")).unwrap();
    assert_eq!(same(&sandbox, &work), (1, 1));
}

#[test]
fn attributes_are_heeded_where_content_is_compared() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let rules = "*.id ident\n*.lf text eol=lf\n";
    sandbox.commit(&work, ".gitattributes", rules, "attributes");
    sandbox.commit(&work, "x.id", "$Id$\n", "id");
    std::fs::remove_file(work.join("x.id")).unwrap();
    sandbox.git(&work, &["checkout", "-q", "--", "x.id"]);
    let expanded = std::fs::read_to_string(work.join("x.id")).unwrap();
    assert!(expanded.starts_with("$Id: "), "{expanded}");
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.write("r/x.lf", "one\r\n");
    sandbox.git(&work, &["add", "x.lf"]);
    sandbox.git(&work, &["commit", "-q", "-m", "lf"]);
    assert_eq!(same(&sandbox, &work), (0, 0));
}
