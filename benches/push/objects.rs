//! The object walk beside `git rev-list --objects`: a few commits, and a whole history.

use std::sync::atomic::AtomicBool;

use criterion::Criterion;
use sendoff_push::objects::select;
use sendoff_push::progress::NoProgress;

use crate::workload::Workload;

pub(crate) fn objects(criterion: &mut Criterion) {
    for commits in [50, 3_000] {
        let workload = Workload::history(commits);
        let mut group = criterion.benchmark_group(format!("objects of {commits} commits"));
        group.sample_size(20);
        let stop = AtomicBool::new(false);
        group.bench_function("select", |bencher| {
            bencher.iter(|| {
                let repo = workload.repository();
                select(&repo, workload.wanted(), &NoProgress, &stop).unwrap()
            });
        });
        group.bench_function("git rev-list", |bencher| {
            bencher.iter(|| workload.git(&["rev-list", "--objects", "--stdin"]));
        });
        group.finish();
    }
}
