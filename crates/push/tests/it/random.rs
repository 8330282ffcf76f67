//! Histories that nobody thought of, pushed by us and by git.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use sendoff_testing::{TwinFixture, cases, text};

use crate::twin::{ONE, compare};

/// Where files are; some are in the way of others.
const PATHS: [&str; 12] = [
    "a",
    "a.b",
    "a-b/x",
    "b/c/d",
    "b/c/e",
    "b/f",
    "deep/er/and/deeper",
    "lib/one.rs",
    "lib/two.rs",
    "README",
    "ü mlaut",
    "z/z",
];

/// What a commit changes.
#[derive(Debug, Clone)]
enum Change {
    Write { path: usize, lines: usize, seed: u8 },
    Bytes { path: usize, length: usize },
    Mode { path: usize, mode: usize },
    Delete(usize),
    Rename(usize, usize),
}

/// One commit: how far back its parents are, and what it does.
#[derive(Debug, Clone)]
struct Step {
    parents: Vec<usize>,
    earlier: i64,
    changes: Vec<Change>,
}

/// How the client keeps its objects.
#[derive(Debug, Clone, Copy)]
enum Keep {
    Imported,
    Collected,
    Loose,
}

/// A whole case.
#[derive(Debug, Clone)]
struct Plan {
    steps: Vec<Step>,
    /// What the server has beside the beginning, as steps back from the tip.
    shared: Vec<usize>,
    tags: Vec<usize>,
    keep: Keep,
}

fn change() -> impl Strategy<Value = Change> {
    let path = 0..PATHS.len();
    prop_oneof![
        6 => (path.clone(), 0_usize..120, 0_u8..4).prop_map(|(path, lines, seed)| Change::Write { path, lines, seed }),
        1 => (path.clone(), 0_usize..40_000).prop_map(|(path, length)| Change::Bytes { path, length }),
        1 => (path.clone(), 0_usize..3).prop_map(|(path, mode)| Change::Mode { path, mode }),
        1 => path.clone().prop_map(Change::Delete),
        1 => (path.clone(), path).prop_map(|(from, to)| Change::Rename(from, to)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let parents = prop_oneof![
        6 => Just(vec![1]),
        2 => (1_usize..6).prop_map(|back| vec![back]),
        2 => prop::collection::vec(1_usize..8, 2..4),
        1 => Just(Vec::new()),
    ];
    let step = (parents, 0_i64..3, prop::collection::vec(change(), 0..5)).prop_map(
        |(parents, earlier, changes)| Step {
            parents,
            earlier,
            changes,
        },
    );
    let keep = prop_oneof![
        Just(Keep::Imported),
        Just(Keep::Collected),
        Just(Keep::Loose)
    ];
    (
        prop::collection::vec(step, 1..25),
        prop::collection::vec(0_usize..25, 0..4),
        prop::collection::vec(0_usize..25, 0..2),
        keep,
    )
        .prop_map(|(steps, shared, tags, keep)| Plan {
            steps,
            shared,
            tags,
            keep,
        })
}

/// Writes the plan as `git fast-import` reads it. The marks count from 1.
fn stream(plan: &Plan, tip: &str) -> String {
    let mut out = String::new();
    let mut trees: Vec<BTreeSet<usize>> = Vec::new();
    let mut clock = 1_780_000_000_i64;
    for (number, step) in plan.steps.iter().enumerate() {
        let mark = number + 1;
        clock += 100;
        let time = clock - 1_000 * step.earlier;
        writeln!(out, "commit refs/heads/work{mark}\nmark :{mark}").unwrap();
        writeln!(
            out,
            "committer A <a@example.invalid> {time} +0000\ndata 4\nc{number:03}"
        )
        .unwrap();
        let mut parents: Vec<usize> = step
            .parents
            .iter()
            .filter_map(|back| mark.checked_sub(*back))
            .collect();
        parents.dedup();
        let mut files = BTreeSet::new();
        for (place, parent) in parents.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            if *parent == 0 {
                writeln!(out, "{word} {tip}").unwrap();
            } else {
                writeln!(out, "{word} :{parent}").unwrap();
                if place == 0 {
                    files.clone_from(&trees[parent - 1]);
                }
            }
        }
        for change in &step.changes {
            apply(&mut out, &mut files, change);
        }
        writeln!(out).unwrap();
        trees.push(files);
    }
    let last = plan.steps.len();
    writeln!(out, "reset refs/heads/topic\nfrom :{last}\n").unwrap();
    for (number, back) in plan.tags.iter().enumerate() {
        let mark = last - back % last;
        writeln!(
            out,
            "tag t{number}\nfrom :{mark}\ntagger A <a@example.invalid> 1 +0000\ndata 1\nt"
        )
        .unwrap();
    }
    out
}

/// Writes a file as a whole.
fn write_file(out: &mut String, path: usize, content: &str) {
    let (name, length) = (PATHS[path], content.len());
    writeln!(out, "M 100644 inline \"{name}\"\ndata {length}\n{content}").unwrap();
}

/// Writes one change, and remembers which of our files are there.
fn apply(out: &mut String, files: &mut BTreeSet<usize>, change: &Change) {
    // A file takes the place of a directory and the other way round.
    let clear = |files: &mut BTreeSet<usize>, path: usize| {
        let ours = format!("{}/", PATHS[path]);
        files.retain(|other| !PATHS[*other].starts_with(&ours));
    };
    match *change {
        Change::Write { path, lines, seed } => {
            clear(files, path);
            let content = text(&format!("{path}-{seed}"), lines);
            write_file(out, path, &content);
            files.insert(path);
        }
        Change::Bytes { path, length } => {
            clear(files, path);
            let content = noise(path, length);
            write_file(out, path, &content);
            files.insert(path);
        }
        Change::Mode { path, mode } => {
            clear(files, path);
            let mode = ["100644", "100755", "120000"][mode];
            writeln!(out, "M {mode} inline \"{}\"\ndata 3\nxyz", PATHS[path]).unwrap();
            files.insert(path);
        }
        Change::Delete(path) => {
            writeln!(out, "D \"{}\"", PATHS[path]).unwrap();
            files.remove(&path);
        }
        Change::Rename(from, to) => {
            if from != to && files.remove(&from) {
                clear(files, to);
                writeln!(out, "R \"{}\" \"{}\"", PATHS[from], PATHS[to]).unwrap();
                files.insert(to);
            }
        }
    }
}

/// Digits that no other path has.
fn noise(path: usize, length: usize) -> String {
    let mut state = path as u64 + 1;
    let mut out = String::new();
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(out, "{state:x}").unwrap();
    }
    out
}

/// Pushes one history, by us and by git.
fn try_one(plan: &Plan) -> Result<(), TestCaseError> {
    let fixture = TwinFixture::new("sha1");
    let tip = fixture.git(&["rev-parse", "HEAD"]);
    let limit = match plan.keep {
        Keep::Loose => "100000",
        Keep::Imported | Keep::Collected => "1",
    };
    fixture.git(&["config", "fastimport.unpackLimit", limit]);
    fixture.feed(
        &["fast-import", "--quiet", "--force"],
        stream(plan, &tip).as_bytes(),
    );
    let last = plan.steps.len();
    for (number, back) in plan.shared.iter().enumerate() {
        let mark = last - back % last;
        fixture.share(&format!("work{mark}:refs/heads/shared{number}"));
    }
    for number in 0..plan.tags.len() {
        fixture.share(&format!("t{number}:refs/tags/t{number}"));
    }
    fixture.git(&["symbolic-ref", "HEAD", "refs/heads/topic"]);
    if matches!(plan.keep, Keep::Collected) {
        fixture.git(&["gc", "-q"]);
    }
    let same = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| compare(&fixture, ONE)));
    same.map_err(|reason| {
        let text = reason.downcast_ref::<String>().cloned();
        TestCaseError::fail(text.unwrap_or_else(|| "the twins differ".into()))
    })
}

/// Returns the seeds to try: one that was asked for, always the same few, or many that nobody has tried.
fn seeds() -> std::ops::Range<u64> {
    if let Some(seed) = std::env::var_os("SENDOFF_TEST_SEED") {
        let seed: u64 = seed.to_str().unwrap().parse().unwrap();
        return seed..seed + 1;
    }
    let count = u64::from(cases(50, 500));
    let start = if cases(0, 1) == 1 {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        now.as_secs() * 1_000
    } else {
        0
    };
    start..start + count
}

#[test]
fn random_histories_arrive_as_git_sends_them() {
    let seeds = seeds();
    println!("seeds {seeds:?}");
    for seed in seeds {
        let config = Config {
            max_shrink_iters: 40,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(seed),
            ..Config::with_cases(1)
        };
        let outcome = TestRunner::new(config).run(&plan(), |plan| try_one(&plan));
        if let Err(error) = outcome {
            panic!("SENDOFF_TEST_SEED={seed} makes it again: {error}");
        }
    }
}
