//! The parts of a push that need no connection, each beside what git does for the same end.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench starts git and may panic"
)]

mod delta;
mod objects;
mod pack;
mod store;
mod workload;

use criterion::criterion_group;
use criterion::criterion_main;

criterion_group!(
    benches,
    delta::one_line,
    delta::scattered,
    objects::objects,
    pack::packs,
    store::store
);
criterion_main!(benches);
