//! The time to read the policy at the start of a run: built-in, user's and repository's layer.

use criterion::{Criterion, criterion_group, criterion_main};
use sendoff::policy::{KeyClass, Kind, LayerKind, Layers, PolicyError, StepTable};

/// A user's policy that sets keys of most tables.
const USER: &str = r#"
requires = ">=0.1"
[branches]
protected = ["trunk", "env/*"]
[[branches.rule]]
match = "hotfix/*"
base = "production"
[limits]
deadline = "5m"
commits = 50
[steps.pr-create]
labels = ["agent"]
[remotes]
allowed = ["https://github.com/acme/*"]
"#;

/// A repository's policy.
const REPOSITORY: &str = r#"
[branches]
protected = ["next"]
[limits]
commits = 20
[steps.pr-create]
title = "{{ repo.branch }}"
draft = "always"
"#;

/// A kind of step whose keys are not read.
struct Named(&'static str);

impl Kind for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn classes(&self) -> &'static [(&'static str, KeyClass)] {
        &[
            ("title", KeyClass::A),
            ("draft", KeyClass::BOrA("always")),
            ("labels", KeyClass::B),
        ]
    }

    fn check(&self, _: &StepTable) -> Result<(), PolicyError> {
        Ok(())
    }
}

const KINDS: [Named; 6] = [
    Named("memory-commit"),
    Named("memory-recall"),
    Named("heartbeat-set"),
    Named("heartbeat-clear"),
    Named("push"),
    Named("pr-create"),
];

fn load(c: &mut Criterion) {
    c.bench_function("policy/built-in", |bencher| {
        bencher.iter(|| Layers::from_texts(&[], &KINDS));
    });
    let layers = [(LayerKind::User, USER), (LayerKind::Repository, REPOSITORY)];
    c.bench_function("policy/three-layers", |bencher| {
        bencher.iter(|| {
            let loaded = Layers::from_texts(&layers, &KINDS);
            assert!(loaded.is_ok_and(|loaded| loaded.problems.is_empty()));
        });
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
