//! The table of `docs/compatibility.md`: every key that git knows, each with an answer, each test in its place.

use std::collections::BTreeMap;
use std::path::Path;

use sendoff::environment::{Environment, variables};

use crate::sandbox::{Sandbox, succeed};

/// The sections of git-config(1) that touch reading a repository or pushing.
const SECTIONS: &[&str] = &[
    "branch",
    "core",
    "credential",
    "http",
    "include",
    "includeif",
    "pack",
    "protocol",
    "push",
    "remote",
    "safe",
    "ssh",
    "transfer",
    "url",
];

/// Reads the rows: name, answer, reason, tests.
fn rows() -> BTreeMap<String, [String; 3]> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility.md");
    let text = std::fs::read_to_string(page).unwrap();
    let cells = |line: &str| -> Option<(String, [String; 3])> {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, answer, reason, tests] = cells.try_into().ok()?;
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), [answer, reason, tests].map(str::to_owned)))
    };
    text.lines().filter_map(cells).collect()
}

#[test]
fn every_key_that_git_knows_has_an_answer() {
    let sandbox = Sandbox::new();
    let listed = succeed(sandbox.command("git").args(["help", "--config"]));
    let rows = rows();
    let is_ours = |key: &&str| {
        let section = key
            .split('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        key.contains('.') && SECTIONS.contains(&section.as_str())
    };
    let keys: Vec<&str> = listed.lines().map(str::trim).filter(is_ours).collect();
    assert!(keys.len() > 100, "{keys:?}");
    let missing: Vec<_> = keys
        .into_iter()
        .filter(|key| !rows.contains_key(*key))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/compatibility.md lacks {missing:#?}"
    );
}

/// Guards that the report can name each variable that counts, where the system's policy lets none count; those that
/// select a repository count nowhere.
#[test]
fn every_variable_that_counts_is_one_that_is_listed() {
    let lists = |name: &str| variables().any(|variable| variable.name == name);
    let missing: Vec<String> = rows()
        .into_iter()
        .filter(|(name, [answer, reason, _])| {
            let counts = ["as git", "more strictly"].contains(&answer.as_str());
            let is_variable = !name.contains('.') && !name.contains('<');
            counts && is_variable && !reason.starts_with("the directory alone") && !lists(name)
        })
        .map(|(name, _)| name)
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Guards the rows that say so: no program that is started hears of another repository.
#[test]
fn what_selects_a_repository_reaches_no_program() {
    let rows = rows();
    let selecting = |(name, [_, reason, _]): (&String, &[String; 3])| {
        let says_so = reason.starts_with("the directory alone");
        says_so.then(|| name.clone())
    };
    let mut names: Vec<String> = rows.iter().filter_map(selecting).collect();
    assert!(names.len() > 9, "{names:?}");
    // These count for us, outside of repositories.
    names.extend(["GIT_DIR", "GIT_WORK_TREE"].map(str::to_owned));
    let pairs = names.iter().map(|name| (name.as_str(), "/elsewhere"));
    let environment = Environment::from_pairs("/", pairs);
    for (name, _) in environment.for_programs() {
        assert!(
            !names.iter().any(|selects| name == selects.as_str()),
            "{name:?}"
        );
    }
}

/// Guards that the column leads somewhere: the test that shows a row sets the key or the variable.
#[test]
fn the_test_of_each_row_that_counts_names_it() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let read = |test: &str| {
        let file = tests.join(format!("{test}.rs"));
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.to_ascii_lowercase()
    };
    let is_named = |name: &str, test: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        let last = last.trim_end_matches("<n>").to_ascii_lowercase();
        // Sections for URLs stand for all of their keys; a row of several tests names the first.
        last == "*" || read(test.trim_matches('`')).contains(&last)
    };
    let counts = |(name, [answer, reason, test]): (String, [String; 3])| {
        let counts = ["as git", "more strictly"].contains(&answer.as_str());
        let is_of_many = reason.starts_with("the directory alone");
        (counts && !is_of_many && !is_named(&name, &test)).then_some(name)
    };
    let missing: Vec<String> = rows().into_iter().filter_map(counts).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_answer_is_one_of_three_and_its_tests_are_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (name, [answer, reason, test]) in rows() {
        if name == "variable" || name == "key" {
            continue;
        }
        match answer.as_str() {
            "as git" => assert!(!test.is_empty(), "{name}: no test shows it"),
            "more strictly" | "no" => assert!(!reason.is_empty(), "{name}: why?"),
            other => panic!("{name}: {other}"),
        }
        let test = test.trim_matches('`');
        if !test.is_empty() {
            let file = tests.join(format!("{test}.rs"));
            assert!(file.exists() || tests.join(test).is_dir(), "{name}: {test}");
        }
    }
}
