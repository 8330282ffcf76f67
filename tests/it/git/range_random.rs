//! A law of `git::range`: over any history, what is ahead is what the tip reaches less what the bases do.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use gix::ObjectId;
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

/// The numbers of a commit's parents.
fn parents(shapes: &[Shape], number: usize) -> BTreeSet<usize> {
    let back = shapes[number].0.iter();
    back.filter_map(|back| number.checked_sub(*back)).collect()
}

/// Makes the history, with a branch `c<number>` at each commit; returns the ids by number.
fn build(sandbox: &Sandbox, work: &Path, shapes: &[Shape]) -> Vec<ObjectId> {
    let mut stream = String::new();
    for (number, (_, skew)) in shapes.iter().enumerate() {
        let date = (2_000_000_000 + i64::try_from(number).unwrap() * 60 + skew).max(0);
        writeln!(
            stream,
            "commit refs/heads/c{number:03}\nmark :{}\ncommitter A <a@b> {date} +0000\ndata 1\nx",
            number + 1
        )
        .unwrap();
        // In another order than by number, sometimes.
        for (place, parent) in parents(shapes, number).iter().rev().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{}", parent + 1).unwrap();
        }
        stream.push('\n');
    }
    import(sandbox, work, stream.as_bytes());
    let ids = sandbox.git(
        work,
        &["for-each-ref", "--format=%(objectname)", "refs/heads"],
    );
    ids.lines().map(id).collect()
}

/// Everything that the commits reach, by the shapes.
fn reached(shapes: &[Shape], from: &[usize]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = from.to_vec();
    while let Some(number) = open.pop() {
        if found.insert(number) {
            open.extend(parents(shapes, number));
        }
    }
    found
}

/// Writes a commit-graph that knows the first half of the history only.
fn write_half_graph(sandbox: &Sandbox, work: &Path, ids: &[ObjectId]) {
    let tips: Vec<_> = ids[..ids.len() / 2]
        .iter()
        .map(ToString::to_string)
        .collect();
    let file = sandbox.write("tips", tips.join("\n") + "\n");
    let mut command = sandbox.command("git");
    command
        .args(["commit-graph", "write", "--stdin-commits"])
        .current_dir(work)
        .stdin(std::fs::File::open(file).unwrap());
    assert!(command.status().unwrap().success());
}

fn check(shapes: &[Shape], picks: &[(usize, usize, usize)]) {
    let sandbox = Sandbox::new();
    let work = empty(&sandbox, "r");
    let ids = build(&sandbox, &work, shapes);
    for with_graph in [false, true] {
        if with_graph {
            write_half_graph(&sandbox, &work, &ids);
        }
        let repo = open(&sandbox, &work);
        for (tip, one, two) in picks {
            let [tip, one, two] = [tip, one, two].map(|pick| pick % shapes.len());
            let bases = reached(shapes, &[one, two]);
            let wanted: BTreeSet<_> = reached(shapes, &[tip])
                .difference(&bases)
                .map(|number| ids[*number])
                .collect();
            let hidden = [ids[one], ids[two]];
            let ahead = repo.ahead(ids[tip], &hidden, 1000).unwrap();
            let ours: Vec<_> = ahead.commits.iter().map(|commit| commit.id).collect();
            assert_eq!(ours.iter().copied().collect::<BTreeSet<_>>(), wanted);
            assert_eq!(ahead.total, ours.len());
            // Parents come before children.
            for (place, told) in ours.iter().enumerate() {
                let number = ids.iter().position(|id| id == told).unwrap();
                for parent in parents(shapes, number) {
                    let before = ours.iter().position(|id| *id == ids[parent]);
                    assert!(before.is_none_or(|before| before < place));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 30, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_ahead_is_exact_over_any_history_and_any_clock(
        shapes in history(),
        picks in prop::collection::vec((any::<usize>(), any::<usize>(), any::<usize>()), 20),
    ) {
        check(&shapes, &picks);
    }
}
