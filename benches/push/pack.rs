//! Selecting and writing a pack beside `git pack-objects`, as `git push` runs it.

use std::sync::atomic::AtomicBool;

use criterion::Criterion;
use sendoff_push::commands::DeltaBase;
use sendoff_push::objects::select;
use sendoff_push::pack::PackOptions;
use sendoff_push::pack::Thin;
use sendoff_push::pack::write;
use sendoff_push::progress::NoProgress;
use sendoff_testing::PACK_OBJECTS;

use crate::workload::Workload;
use crate::workload::lines;

pub(crate) fn packs(criterion: &mut Criterion) {
    let one_line = Workload::file(&lines(1, 0, 190_000), &lines(1, 95_000, 190_000));
    compare(criterion, "pack of one line of 5 MB", &one_line);
    compare(criterion, "pack of 50 commits", &Workload::history(50));
    compare(criterion, "pack of 3000 commits", &Workload::history(3_000));
    let whole = Workload::whole_history(4_000);
    compare(criterion, "whole history of 4000 commits", &whole);
    let imported = Workload::imported_history(4_000);
    compare(criterion, "imported history of 4000 commits", &imported);
}

fn compare(criterion: &mut Criterion, name: &str, workload: &Workload) {
    let options = PackOptions {
        delta_base: DeltaBase::Offset,
        thin: Thin::Allowed,
    };
    let stop = AtomicBool::new(false);
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20);
    group.bench_function("select and write", |bencher| {
        bencher.iter(|| {
            let repo = workload.repository();
            let selection = select(&repo, workload.wanted(), &NoProgress, &stop).unwrap();
            let mut out = std::io::sink();
            write(&mut out, &repo, &selection, options, &NoProgress, &stop).unwrap()
        });
    });
    group.bench_function("git pack-objects", |bencher| {
        bencher.iter(|| workload.git(PACK_OBJECTS));
    });
    group.finish();
}
