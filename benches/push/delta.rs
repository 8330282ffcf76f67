//! The delta encoder, beside all that `git pack-objects` does to send the same change.

use std::hint::black_box;

use criterion::Criterion;
use sendoff_push::delta::encode;
use sendoff_testing::PACK_OBJECTS;

use crate::workload::Workload;
use crate::workload::lines;

pub(crate) fn one_line(criterion: &mut Criterion) {
    let old = lines(1, 0, 190_000);
    let new = lines(1, 95_000, 190_000);
    compare(criterion, "one line of 5 MB", &old, &new);
}

pub(crate) fn scattered(criterion: &mut Criterion) {
    let old = lines(1, 0, 7_500);
    let changed = |(number, line): (usize, &str)| match number % 50 {
        0 => format!("{line} changed\n"),
        1 => String::new(),
        _ => format!("{line}\n"),
    };
    let new: String = old.lines().enumerate().map(changed).collect();
    compare(criterion, "scattered edits of 200 kB", &old, &new);
}

fn compare(criterion: &mut Criterion, name: &str, old: &str, new: &str) {
    let workload = Workload::file(old, new);
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20);
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            encode(
                black_box(old.as_bytes()),
                black_box(new.as_bytes()),
                new.len() / 2,
            )
        });
    });
    group.bench_function("git pack-objects", |bencher| {
        bencher.iter(|| workload.git(PACK_OBJECTS));
    });
    group.finish();
}
