//! Tests of `git::uncommitted` where files are as old as the index: by their times, they could have been changed since.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use sendoff_testing::supervise;

use super::uncommitted::{self, same};
use super::uncommitted_clean::{self, age, commit_rules, is_had_without};
use crate::sandbox::Sandbox;

/// Sets when the index and a file of the work tree were written, in seconds since 1970.
fn date(work: &Path, index: u64, (file, written): (&str, u64)) {
    for (path, seconds) in [(".git/index", index), (file, written)] {
        let opened = std::fs::File::options()
            .write(true)
            .open(work.join(path))
            .unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        opened.set_modified(time).unwrap();
    }
}

#[test]
fn a_file_as_old_as_the_index_is_read_and_an_older_one_is_believed() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = uncommitted::repository(&sandbox);
    sandbox.git(&work, &["config", "core.trustCTime", "false"]);
    date(&work, 1_000_000, ("a", 1_000_000));
    sandbox.git(&work, &["update-index", "--refresh", "-q"]);
    sandbox.write("r/a", "b\n");
    date(&work, 1_000_000, ("a", 1_000_000));
    assert_eq!(same(&sandbox, &work), (1, 0), "its content differs");
    sandbox.write("r/a", "a\n");
    date(&work, 1_000_000, ("a", 1_000_000));
    assert_eq!(same(&sandbox, &work), (0, 0));
    sandbox.write("r/a", "b\n");
    date(&work, 1_000_005, ("a", 1_000_000));
    assert_eq!(same(&sandbox, &work), (0, 0), "git does not look either");
}

#[test]
fn many_files_as_old_as_the_index_and_a_large_one_count_right() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = uncommitted::repository(&sandbox);
    std::fs::write(work.join("large"), vec![b'x'; 2 << 20]).unwrap();
    for number in 0..70 {
        std::fs::write(work.join(format!("src/{number}")), "x\n").unwrap();
    }
    // All of them are added.
    sandbox.commit(&work, "d", "d\n", "d");
    date(&work, 1_000_000, ("d", 1_000_000));
    assert_eq!(same(&sandbox, &work), (0, 0));
    std::fs::write(work.join("large"), vec![b'y'; 2 << 20]).unwrap();
    sandbox.write("r/src/69", "y\n");
    date(&work, 1_000_000, ("d", 1_000_000));
    assert_eq!(same(&sandbox, &work), (2, 0));
}

/// Makes the index as old as the files: by their times, each could have been changed since.
fn age_index(work: &Path) {
    let touched = Command::new("touch")
        .args(["-t", "200001010000", ".git/index"])
        .current_dir(work)
        .status();
    assert!(touched.unwrap().success());
}

#[test]
fn files_as_old_as_the_index_are_read_where_nothing_converts_them() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = uncommitted_clean::repository(&sandbox);
    // Nothing is ignored here.
    let is_quick = || is_had_without("exclude", &sandbox, &work);
    std::fs::remove_file(work.join("link")).unwrap();
    sandbox.git(&work, &["commit", "-q", "-a", "-m", "no link"]);
    age_index(&work);
    assert!(is_quick());
    // Git gives the index its time again where it refreshes it.
    assert_eq!(same(&sandbox, &work), (0, 0));

    sandbox.commit(&work, "ends", "one\r\ntwo\r\n", "ends of lines");
    age(&sandbox, &work);
    assert!(is_quick());
    age_index(&work);
    assert!(!is_quick());
    assert_eq!(same(&sandbox, &work), (0, 0));
    std::fs::remove_file(work.join("ends")).unwrap();
    sandbox.git(&work, &["commit", "-q", "-a", "-m", "no ends"]);

    // Attributes of the user's, the environment's and the repository's convert them as well.
    let user = "home/.config/git/attributes";
    sandbox.write(user, "* text\n");
    age_index(&work);
    assert!(!is_quick());
    assert_eq!(same(&sandbox, &work), (0, 0));
    std::fs::remove_file(sandbox.path(user)).unwrap();
    age_index(&work);
    assert!(is_quick());
    sandbox.git(&work, &["config", "attr.tree", "HEAD"]);
    assert!(!is_quick());
    sandbox.git(&work, &["config", "--unset", "attr.tree"]);

    commit_rules(&sandbox, &work, ("src/b/.gitattributes", "* text\n"));
    assert!(is_quick());
    age_index(&work);
    assert!(!is_quick());
    assert_eq!(same(&sandbox, &work), (0, 0));
}

/// `ident` stores less than what lies there.
#[test]
fn the_users_attributes_count_where_files_are_as_old_as_the_index() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = uncommitted_clean::repository(&sandbox);
    sandbox.commit(&work, "idf", "$Id: abc $\n", "ident");
    age(&sandbox, &work);
    assert_eq!(same(&sandbox, &work), (0, 0));
    let named = sandbox.path("home/named");
    let named = named.to_str().unwrap();
    let by_key = ["config", "--global", "core.attributesFile", named];
    for (name, set) in [
        ("home/.config/git/attributes", None),
        ("home/named", Some(by_key)),
    ] {
        if let Some(set) = set {
            sandbox.git(&work, &set);
        }
        let path = sandbox.write(name, "* ident\n");
        age_index(&work);
        assert_eq!(same(&sandbox, &work), (1, 0), "{name}");
        std::fs::remove_file(path).unwrap();
        age_index(&work);
        assert_eq!(same(&sandbox, &work), (0, 0), "without {name}");
    }
}

#[test]
fn a_file_that_changed_in_the_moment_of_the_commit_is_seen() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = uncommitted_clean::repository(&sandbox);
    let times = || {
        let found = work.join("a").metadata().unwrap();
        (found.mtime(), found.ctime())
    };
    // Its times show the change from the next second on; a busy machine may need more than one for the commit.
    let is_in_time = (0..100).any(|round| {
        sandbox.commit(&work, "a", &format!("{round:04}\n"), "change");
        let before = times();
        sandbox.write("r/a", "new!\n");
        times() == before
    });
    assert!(is_in_time);
    // Nothing is ignored here, and attributes would end the look.
    assert!(!is_had_without("exclude", &sandbox, &work));
    assert_eq!(same(&sandbox, &work), (1, 0));
}
