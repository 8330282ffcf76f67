//! Tests of `git::uncommitted` where nothing is changed and nothing lies beside it: that is found without gitoxide's
//! repository, and only where it is so.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use sendoff_testing::supervise;

use super::uncommitted::{ours, same};
use crate::sandbox::Sandbox;

/// A repository whose files are older than its index: their times show that they are unchanged.
pub(super) fn repository(sandbox: &Sandbox) -> PathBuf {
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "a\n", "a");
    for path in ["a-b", "src/a/c", "src/a-d", "src/b/c/d"] {
        sandbox.write(&format!("r/{path}"), path);
    }
    symlink("a", work.join("link")).unwrap();
    sandbox.git(&work, &["add", "."]);
    sandbox.git(&work, &["commit", "-q", "-m", "more"]);
    age(sandbox, &work);
    work
}

/// Makes the files older than the index.
pub(super) fn age(sandbox: &Sandbox, work: &Path) {
    let listed = sandbox.git(work, &["ls-files", "-z"]);
    let listed = listed.split('\0').filter(|path| !path.is_empty());
    // Links as well, not what they lead to.
    let touched = Command::new("touch")
        .args(["-h", "-t", "200001010000"])
        .args(listed)
        .current_dir(work)
        .status();
    assert!(touched.unwrap().success());
    sandbox.git(work, &["update-index", "--refresh", "-q"]);
}

/// Says whether the count is had without the attributes.
pub(super) fn is_quick(sandbox: &Sandbox, work: &Path) -> bool {
    is_had_without("attributes", sandbox, work)
}

/// Says whether the count is had without a file in `.git/info`: one that nobody may read whole ends any other.
pub(super) fn is_had_without(name: &str, sandbox: &Sandbox, work: &Path) -> bool {
    let common = sandbox.git(work, &["rev-parse", "--git-common-dir"]);
    let info = work.join(common.trim()).join("info");
    std::fs::create_dir_all(&info).unwrap();
    let file = info.join(name);
    std::fs::write(&file, vec![b'\n'; 300 << 10]).unwrap();
    let counted = ours(sandbox, work);
    std::fs::remove_file(&file).unwrap();
    counted.is_some()
}

#[test]
fn a_clean_work_tree_is_found_clean_at_a_look() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    assert_eq!(same(&sandbox, &work), (0, 0));
    assert!(is_quick(&sandbox, &work));
    // Packed, detached, and with its objects elsewhere.
    sandbox.git(&work, &["gc", "-q"]);
    assert!(is_quick(&sandbox, &work));
    sandbox.git(&work, &["checkout", "-q", "--detach"]);
    assert!(is_quick(&sandbox, &work));
    let borrowing = sandbox.path("borrowing");
    let to = borrowing.to_str().unwrap();
    sandbox.git(&work, &["clone", "-q", "--shared", ".", to]);
    age(&sandbox, &borrowing);
    assert!(is_quick(&sandbox, &borrowing));
    assert_eq!(same(&sandbox, &borrowing), (0, 0));
    // The control.
    sandbox.write("r/new", "new\n");
    assert!(!is_quick(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (0, 1));
}

#[test]
fn a_linked_work_tree_and_longer_ids_are_found_clean_as_well() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let linked = sandbox.path("linked");
    let to = linked.to_str().unwrap();
    sandbox.git(&work, &["worktree", "add", "-q", "-b", "other", to]);
    age(&sandbox, &linked);
    assert_eq!(same(&sandbox, &linked), (0, 0));
    assert!(is_quick(&sandbox, &linked));

    let long = sandbox.path("long");
    let to = long.to_str().unwrap();
    sandbox.git(&work, &["init", "-q", "--object-format=sha256", to]);
    sandbox.commit(&long, "a", "a\n", "a");
    age(&sandbox, &long);
    assert!(is_quick(&sandbox, &long));
    assert_eq!(same(&sandbox, &long), (0, 0));
}

/// A change of a clean work tree, and how many paths it changes and adds.
type Change = (&'static str, fn(&Sandbox, &Path), (usize, usize));

/// What is to be counted, each alone in a repository that was clean.
const CHANGES: &[Change] = &[
    (
        "the index is of the commit that HEAD was before",
        |sandbox, work| {
            sandbox.git(work, &["reset", "-q", "--soft", "HEAD~1"]);
        },
        (5, 0),
    ),
    (
        "a change is staged, and the file is as it was",
        |sandbox, work| {
            sandbox.write("r/a", "other\n");
            sandbox.git(work, &["add", "a"]);
            sandbox.git(work, &["restore", "--source=HEAD", "--worktree", "a"]);
        },
        (1, 0),
    ),
    (
        "a file is changed and as long as it was",
        |sandbox, _| drop(sandbox.write("r/src/a/c", "src/x/c")),
        (1, 0),
    ),
    (
        "a file is gone",
        |_, work| std::fs::remove_file(work.join("src/b/c/d")).unwrap(),
        (1, 0),
    ),
    (
        "a file can be executed",
        |_, work| {
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(work.join("a"), mode).unwrap();
        },
        (1, 0),
    ),
    (
        "a link leads elsewhere",
        |_, work| {
            std::fs::remove_file(work.join("link")).unwrap();
            symlink("elsewhere", work.join("link")).unwrap();
        },
        (1, 0),
    ),
    (
        "a directory is a link to the same files",
        |sandbox, work| {
            std::fs::rename(work.join("src"), sandbox.path("moved")).unwrap();
            symlink(sandbox.path("moved"), work.join("src")).unwrap();
        },
        (3, 1),
    ),
    (
        "a file lies deep beside others",
        |sandbox, _| drop(sandbox.write("r/src/b/c/e", "e\n")),
        (0, 1),
    ),
    (
        "a file with the name of a directory's beginning",
        |sandbox, _| drop(sandbox.write("r/src/a-", "e\n")),
        (0, 1),
    ),
    (
        "a repository lies in a directory",
        |sandbox, work| {
            sandbox.git(work, &["init", "-q", "src/b/inner"]);
            let inner = work.join("src/b/inner");
            sandbox.commit(&inner, "x", "x\n", "x");
        },
        (0, 1),
    ),
    (
        "a file is to be added",
        |sandbox, work| {
            sandbox.write("r/new", "new\n");
            sandbox.git(work, &["add", "--intent-to-add", "new"]);
        },
        (1, 0),
    ),
    (
        "a directory is empty",
        |_, work| std::fs::create_dir_all(work.join("src/none/below")).unwrap(),
        (0, 0),
    ),
    (
        "a file is not compared",
        |sandbox, work| {
            sandbox.git(work, &["update-index", "--skip-worktree", "a"]);
            std::fs::remove_file(work.join("a")).unwrap();
        },
        (0, 0),
    ),
];

#[test]
fn what_is_not_exactly_clean_is_counted_as_git_counts_it() {
    supervise!();
    for (what, change, expected) in CHANGES {
        let sandbox = Sandbox::new();
        let work = repository(&sandbox);
        assert!(is_quick(&sandbox, &work), "before: {what}");
        change(&sandbox, &work);
        assert!(!is_quick(&sandbox, &work), "{what}");
        assert_eq!(same(&sandbox, &work), *expected, "{what}");
    }
}

#[test]
fn a_branch_without_a_commit_is_not_clean() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "--orphan", "new"]);
    assert!(!is_quick(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (7, 0));
}

/// Commits a file of rules.
pub(super) fn commit_rules(sandbox: &Sandbox, work: &Path, (at, rules): (&str, &str)) {
    sandbox.write(&format!("r/{at}"), rules);
    sandbox.git(work, &["add", "--force", at]);
    sandbox.git(work, &["commit", "-q", "-m", "rules"]);
    age(sandbox, work);
}

#[test]
fn what_is_ignored_beside_the_files_is_found_at_the_same_look() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    commit_rules(&sandbox, &work, (".gitignore", "/out/\n*.log\n!keep.log\n"));
    commit_rules(&sandbox, &work, ("src/.gitignore", "!seen.log\ncache\n"));
    sandbox.write("r/.git/info/exclude", "local.*\n");
    sandbox.write("home/.config/git/ignore", "*.swp\n");
    for path in [
        "out/deep/file",
        "local.env",
        "src/a/x.log",
        "src/b/c/cache/y",
        "src/.c.swp",
    ] {
        sandbox.write(&format!("r/{path}"), "ignored");
    }
    assert_eq!(same(&sandbox, &work), (0, 0));
    assert!(is_quick(&sandbox, &work));
    // Each of them is for a file of patterns to ignore, and these are not.
    for path in ["src/a/keep.log", "src/b/seen.log", "src/out", "x.SWP"] {
        let path = sandbox.write(&format!("r/{path}"), "not ignored");
        assert!(!is_quick(&sandbox, &work), "{}", path.display());
        assert_eq!(same(&sandbox, &work), (0, 1), "{}", path.display());
        std::fs::remove_file(path).unwrap();
    }
    assert!(is_quick(&sandbox, &work));
    sandbox.git(&work, &["config", "core.ignoreCase", "true"]);
    sandbox.write("r/x.SWP", "ignored");
    assert_eq!(same(&sandbox, &work), (0, 0));
    assert!(is_quick(&sandbox, &work));
}

#[test]
fn patterns_that_cannot_be_read_whole_are_left_to_the_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.write("r/.git/info/exclude", "*.log\n");
    sandbox.write("r/x.log", "ignored");
    assert!(is_quick(&sandbox, &work));
    sandbox.write("r/.git/info/exclude", "*.log\n".repeat(60_000));
    assert_eq!(ours(&sandbox, &work), None);
    std::fs::remove_file(work.join(".git/info/exclude")).unwrap();
    // Git does not follow a link there.
    sandbox.write("patterns", "*.log\n*ignore\n");
    symlink(sandbox.path("patterns"), work.join(".gitignore")).unwrap();
    assert!(!is_quick(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (0, 2));
    std::fs::remove_file(work.join(".gitignore")).unwrap();
    sandbox.pipe("r/.gitignore");
    assert_eq!(ours(&sandbox, &work), None);
}
