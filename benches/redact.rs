//! The speed of redaction, on ordinary and on hostile text.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use sendoff::secrets::redact;

const MIB: usize = 1 << 20;

/// Ordinary text, repeated to a mebibyte.
const ORDINARY: [(&str, &str); 4] = [
    (
        "prose",
        concat!(
            include_str!("../docs/architecture.md"),
            include_str!("../docs/style.md")
        ),
    ),
    (
        "code",
        concat!(
            include_str!("../src/secrets/assignment.rs"),
            include_str!("../src/http/client.rs")
        ),
    ),
    ("json", include_str!("../docs/reference/policy.schema.json")),
    ("log", LOG),
];

const LOG: &str = r#"2026-11-22T04:13:59.204Z INFO  worker-7 job=8f2c1e90a7b3d456 took=118ms token refreshed
10.0.3.17 - - [22/Nov/2026:04:14:00 +0000] "GET /api/v1/jobs/4711?page=3 HTTP/1.1" 200 5120 "https://example.org/jobs" "curl/8.4"
{"level":"warn","ts":1795320840.11,"msg":"cache miss, asking the database","key":"jobs:4711","retry":2}
2026-11-22T04:14:01.733Z DEBUG scheduler tick 88121, 4 queued, 2 running, 0 failed; next at 04:14:06
"#;

/// Worst cases for the scanner: as many anchors as possible, long runs, quotes without an end.
const HOSTILE: [&str; 16] = [
    "key-",
    "key:",
    "key=$",
    "token:\"a",
    "://a:b@",
    "-",
    "tskey-",
    "password: ",
    "password=\"",
    "Authorization: Digest a",
    "-----BEGIN RSA PRIVATE KEY-----",
    "eyJaaaaaaaaaaaaa.",
    "sk-ant-",
    "basic aaaaaaaaa ",
    "xoxe.xox",
    "\u{17f}ecret=",
];

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, unit: &str, size: usize) {
    let text = unit.repeat(size / unit.len());
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| redact(black_box(&text)).len());
    });
}

fn ordinary(c: &mut Criterion) {
    let mut group = c.benchmark_group("redact");
    for (name, unit) in ORDINARY {
        measure(&mut group, name, unit, MIB);
    }
    group.finish();
}

fn hostile(c: &mut Criterion) {
    let mut group = c.benchmark_group("redact/hostile");
    group.sample_size(10);
    for unit in HOSTILE {
        measure(&mut group, unit.trim(), unit, MIB);
    }
    // The time is linear in the length.
    measure(&mut group, "64 MiB of key=$", "key=$", 64 * MIB);
    group.finish();
}

criterion_group!(benches, ordinary, hostile);
criterion_main!(benches);
