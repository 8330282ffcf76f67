//! What a reader of its own buys the push: its objects read one by one from gitoxide's database, beside the whole push of
//! them (`pack`), which finds, reads and writes them.

use std::sync::atomic::AtomicBool;

use criterion::Criterion;
use sendoff_push::objects::select;
use sendoff_push::progress::NoProgress;

use crate::workload::Workload;

/// As much as the push's own reader keeps, in bytes.
const CACHE: usize = 24 << 20;

pub(crate) fn store(criterion: &mut Criterion) {
    let one_push = [
        ("50 commits", Workload::history(50)),
        ("3000 commits", Workload::history(3_000)),
        (
            "whole history of 4000 commits",
            Workload::whole_history(4_000),
        ),
    ];
    for (name, workload) in one_push {
        let stop = AtomicBool::new(false);
        let repo = workload.repository();
        let selection = select(&repo, workload.wanted(), &NoProgress, &stop).unwrap();
        let mut group = criterion.benchmark_group(format!("reading {name}"));
        group.sample_size(20);
        group.bench_function("gitoxide's database", |bencher| {
            bencher.iter(|| {
                let mut repo = workload.repository();
                repo.object_cache_size(CACHE);
                let objects = selection.objects.iter();
                let sizes = objects.map(|object| repo.find_object(object.id).unwrap().data.len());
                sizes.sum::<usize>()
            });
        });
        group.finish();
    }
}
