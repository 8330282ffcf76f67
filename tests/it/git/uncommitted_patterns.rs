//! Patterns of ignored files that are so many, or such, that comparing a few names with them takes seconds, or any memory: what
//! a run looks at before it waits for its servers has an end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sendoff_testing::supervise;

use super::open;
use super::uncommitted::same;
use super::uncommitted_clean::{age, commit_rules, is_quick, repository};
use crate::sandbox::Sandbox;

/// The time that a look has here. None takes as long.
const PATIENCE: Duration = Duration::from_mins(2);

/// Says whether a look shows that everything is committed.
fn is_clean(sandbox: &Sandbox, work: &Path) -> bool {
    let began = Instant::now();
    let is_clean = open(sandbox, work).is_clean(began + PATIENCE);
    // It gives up by what there is to do, and not by its time.
    assert!(began.elapsed() < PATIENCE / 8, "{:?}", began.elapsed());
    is_clean
}

/// Writes so many ignored files beside others.
fn beside(work: &Path, directory: &str, names: impl Iterator<Item = String>) -> usize {
    let directory = work.join(directory);
    names
        .map(|name| fs::write(directory.join(name), "ignored").unwrap())
        .count()
}

#[test]
fn a_few_patterns_that_take_long_are_left_to_the_count() {
    supervise!();
    let slow = [
        format!("*{}b?\n", "a".repeat(100)).repeat(600),
        // Each `**/` is tried at each part of a path.
        format!("{}b\n", "**/a/".repeat(12)),
    ];
    for slow in slow {
        let sandbox = Sandbox::new();
        let work = repository(&sandbox);
        // The control: few patterns that are as usual.
        let usual = "*\n!*/\n!.gitignore\n**/usual/*.b\n";
        commit_rules(&sandbox, &work, (".gitignore", usual));
        beside(&work, "", [format!("{}c", "a".repeat(200))].into_iter());
        assert!(is_clean(&sandbox, &work));
        assert_eq!(same(&sandbox, &work), (0, 0));
        let rules = format!("{usual}{slow}");
        commit_rules(&sandbox, &work, (".gitignore", &rules));
        assert!(!is_clean(&sandbox, &work), "{slow:.40}");
    }
}

#[test]
fn patterns_on_many_levels_are_left_to_the_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let nested = |depth: usize| PathBuf::from_iter(vec!["d"; depth]);
    let rules = "a-pattern\n".repeat(2_000);
    for depth in 1..=12 {
        let path = nested(depth).join(".gitignore");
        sandbox.write(&format!("r/{}", path.display()), &rules);
    }
    commit_rules(&sandbox, &work, ("src/a/.gitignore", "*.log\n"));
    sandbox.git(&work, &["add", "."]);
    sandbox.git(&work, &["commit", "-q", "-m", "levels"]);
    age(&sandbox, &work);
    assert!(is_clean(&sandbox, &work));
    // The control: the two files of patterns above this one are read.
    beside(&work, "src/a", std::iter::once("x.log".to_owned()));
    assert!(is_clean(&sandbox, &work));
    // 20 KB on each of twelve levels.
    let bottom = nested(12);
    beside(
        &work,
        bottom.to_str().unwrap(),
        std::iter::once("a-pattern".to_owned()),
    );
    assert!(!is_clean(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn a_directory_that_lies_deep_is_left_to_the_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.write("r/.git/info/exclude", "*.log\n");
    for (depth, is_near) in [(16, true), (17, false), (400, false)] {
        let directory = vec!["e"; depth].join("/");
        sandbox.write(&format!("r/{directory}/file"), "file");
        sandbox.git(&work, &["add", "."]);
        sandbox.git(&work, &["commit", "-q", "-m", "deep"]);
        age(&sandbox, &work);
        assert!(is_quick(&sandbox, &work), "{depth}");
        let path = sandbox.write(&format!("r/{directory}/x.log"), "ignored");
        assert_eq!(is_clean(&sandbox, &work), is_near, "{depth}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn more_than_a_hundred_ignored_names_are_left_to_the_count() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    sandbox.write("r/.git/info/exclude", "*.log\n");
    beside(&work, "src", (0..100).map(|number| format!("{number}.log")));
    assert!(is_clean(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (0, 0));
    beside(&work, "src", std::iter::once("100.log".to_owned()));
    assert!(!is_clean(&sandbox, &work));
    assert_eq!(same(&sandbox, &work), (0, 0));
}

#[test]
fn a_look_whose_time_is_over_shows_nothing() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    let repo = open(&sandbox, &work);
    assert!(repo.is_clean(Instant::now() + PATIENCE));
    assert!(!repo.is_clean(Instant::now()));
}

#[test]
fn a_key_without_a_value_means_true() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = repository(&sandbox);
    commit_rules(&sandbox, &work, (".gitignore", "*.log\n!KEEP.log\n"));
    sandbox.write("r/keep.log", "kept where the case is ignored");
    assert_eq!(same(&sandbox, &work), (0, 0));
    for path in [work.join(".git/config"), sandbox.path("home/.gitconfig")] {
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{before}[core]\n\tignorecase\n")).unwrap();
        assert_eq!(same(&sandbox, &work), (0, 1), "{}", path.display());
        fs::write(&path, &before).unwrap();
        assert_eq!(same(&sandbox, &work), (0, 0));
    }
}
