//! A law of `git::range`: over any history, what is ahead is what the tip reaches less what the bases do.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::range::{empty, import};
use super::{id, open};
use crate::sandbox::Sandbox;

/// A commit of a random history: how far back its parents are, and how wrong its clock is.
type Shape = (Vec<usize>, i64);

fn history() -> impl Strategy<Value = Vec<Shape>> {
    let parents = prop::collection::vec(1_usize..8, 0..4);
    let skew = prop_oneof![
        3 => Just(0_i64),
        1 => -5_i64..5,
        1 => -2_000_000_000_i64..2_000_000_000,
    ];
    prop::collection::vec((parents, skew), 2..60)
}

/// Makes the history, with a branch `c<number>` at each commit.
fn build(sandbox: &Sandbox, work: &Path, shapes: &[Shape]) {
    let mut stream = String::new();
    for (number, (parents, skew)) in shapes.iter().enumerate() {
        let date = (2_000_000_000 + i64::try_from(number).unwrap() * 60 + skew).max(0);
        writeln!(
            stream,
            "commit refs/heads/c{number}\nmark :{}\ncommitter A <a@b> {date} +0000\ndata 1\nx",
            number + 1
        )
        .unwrap();
        let back: BTreeSet<usize> = parents
            .iter()
            .copied()
            .filter(|back| *back <= number)
            .collect();
        for (place, back) in back.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{}", number + 1 - back).unwrap();
        }
        stream.push('\n');
    }
    import(sandbox, work, stream.as_bytes());
}

/// Everything that the commits reach, by git.
fn reached(sandbox: &Sandbox, work: &Path, names: &[String]) -> BTreeSet<String> {
    let mut arguments = vec!["rev-list"];
    arguments.extend(names.iter().map(String::as_str));
    let text = sandbox.git(work, &arguments);
    text.lines().map(str::to_owned).collect()
}

fn check(shapes: &[Shape], picks: &[(usize, usize, usize)]) {
    let sandbox = Sandbox::new();
    let work = empty(&sandbox, "r");
    build(&sandbox, &work, shapes);
    for with_graph in [false, true] {
        if with_graph {
            // The graph knows the first half only.
            let half = shapes.len() / 2;
            let mut refs = sandbox.command("git");
            refs.args(["commit-graph", "write", "--stdin-commits"])
                .current_dir(&work);
            let tip = sandbox.git(&work, &["rev-parse", &format!("c{half}")]);
            let file = sandbox.write("tips", format!("{tip}\n"));
            refs.stdin(std::fs::File::open(file).unwrap());
            assert!(refs.status().unwrap().success());
        }
        let repo = open(&sandbox, &work);
        for (tip, one, two) in picks {
            let name = |pick: &usize| format!("c{}", pick % shapes.len());
            let bases = [name(one), name(two)];
            let of_tip = reached(&sandbox, &work, &[name(tip)]);
            let of_bases = reached(&sandbox, &work, &bases);
            let wanted: BTreeSet<_> = of_tip.difference(&of_bases).cloned().collect();
            let resolve = |name: &str| id(&sandbox.git(&work, &["rev-parse", name]));
            let hidden: Vec<_> = bases.iter().map(|base| resolve(base)).collect();
            let tip = resolve(&name(tip));
            let ahead = repo.ahead(tip, &hidden, 1000).unwrap();
            let ours: BTreeSet<_> = ahead.commits.iter().map(|one| one.id.to_string()).collect();
            assert_eq!(ours, wanted, "graph: {with_graph}");
            assert_eq!(ahead.total, wanted.len());
            assert_eq!(repo.is_ahead(tip, &hidden).unwrap(), !wanted.is_empty());
            // Parents come before children.
            let mut told = BTreeSet::new();
            let inner = repo.thread_local();
            for commit in &ahead.commits {
                for parent in inner.find_commit(commit.id).unwrap().parent_ids() {
                    let parent = parent.to_string();
                    assert!(!wanted.contains(&parent) || told.contains(&parent));
                }
                told.insert(commit.id.to_string());
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 30, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_ahead_is_exact_over_any_history_and_any_clock(
        shapes in history(),
        picks in prop::collection::vec((any::<usize>(), any::<usize>(), any::<usize>()), 6),
    ) {
        check(&shapes, &picks);
    }
}
