//! Whole runs compared with git: the time from the start of the process to its end.
//!
//! `cargo bench --bench whole` measures every row, `cargo bench --bench whole -- push.path` those whose name begins with that;
//! a number is the number of rounds. It does not use criterion, because both programs are compared in each round: the
//! load of the machine changes between rounds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench starts git, prints its table, and may panic"
)]

mod fixture;
#[path = "../push/workload.rs"]
#[expect(
    dead_code,
    reason = "the benches of the parts of a push use the rest of it"
)]
mod workload;

use std::time::Duration;

use fixture::{Fixture, Remote};
use workload::{Workload, lines};

/// The default number of rounds.
const DEFAULT_ROUNDS: usize = 7;

/// One comparison: its name and its fixture.
struct Row {
    name: &'static str,
    make: fn() -> Fixture,
}

const ROWS: &[Row] = &[
    Row {
        name: "noop.protected",
        make: || Fixture::of(&Workload::history(72)).on("main"),
    },
    Row {
        name: "noop.pushed",
        make: || Fixture::of(&Workload::history(72)).with_base_at_tip(),
    },
    Row {
        name: "guard.behind",
        make: || Fixture::of(&Workload::history(20_000)).with_old_branch(2_000),
    },
    Row {
        name: "guard.behind.graph",
        make: || {
            let fixture = Fixture::of(&Workload::history(20_000)).with_old_branch(2_000);
            fixture.with_commit_graph()
        },
    },
    Row {
        name: "push.http.small",
        make: || Fixture::of(&recent(72, 1)).to(Remote::Http),
    },
    Row {
        name: "push.http.medium",
        make: || Fixture::of(&recent(5_000, 1)).to(Remote::Http),
    },
    Row {
        name: "push.http.k50",
        make: || Fixture::of(&recent(5_000, 50)).to(Remote::Http),
    },
    Row {
        name: "push.http.blob5",
        make: || Fixture::of(&line_of_a_large_file()).to(Remote::Http),
    },
    Row {
        name: "push.http.whole",
        make: || Fixture::of(&Workload::whole_history(4_000)).to(Remote::Http),
    },
    Row {
        name: "push.http.refs",
        make: || many_branches(Remote::Http),
    },
    Row {
        name: "push.path.small",
        make: || Fixture::of(&recent(72, 1)).to(Remote::Path),
    },
    Row {
        name: "push.path.medium",
        make: || Fixture::of(&recent(5_000, 1)).to(Remote::Path),
    },
    Row {
        name: "push.path.k50",
        make: || Fixture::of(&recent(5_000, 50)).to(Remote::Path),
    },
    Row {
        name: "push.path.blob5",
        make: || Fixture::of(&line_of_a_large_file()).to(Remote::Path),
    },
    Row {
        name: "push.path.whole",
        make: || Fixture::of(&Workload::whole_history(4_000)).to(Remote::Path),
    },
    Row {
        name: "push.path.refs",
        make: || many_branches(Remote::Path),
    },
];

/// One commit, and a remote with 100,000 other branches.
fn many_branches(remote: Remote) -> Fixture {
    Fixture::of(&recent(72, 1))
        .to(remote)
        .with_branches(100_000)
}

/// A history; the server has all but the last `new` commits.
fn recent(commits: usize, new: usize) -> Workload {
    let mut made = Workload::history(commits);
    let old = format!("{}~{new}", made.want);
    let repository = made.repository();
    made.has = vec![repository.rev_parse_single(old.as_str()).unwrap().detach()];
    made
}

/// A change of one line in a file of 5 MB.
fn line_of_a_large_file() -> Workload {
    let old = lines(1, 0, 200_000);
    let line = old.lines().nth(120_000).unwrap();
    let new = old.replacen(line, "this one line was changed", 1);
    Workload::file(&old, &new)
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&String> = given.iter().filter(|word| !word.starts_with('-')).collect();
    let rounds = given.iter().find_map(|word| word.parse().ok());
    let rounds = rounds.unwrap_or(DEFAULT_ROUNDS);
    let names = given.iter().filter(|word| word.parse::<usize>().is_err());
    let names: Vec<&str> = names.map(|name| name.as_str()).collect();
    println!("| row | ours | git | ratio |\n| --- | --: | --: | --: |");
    for row in ROWS {
        if names.is_empty() || names.iter().any(|name| row.name.starts_with(name)) {
            measure(row, rounds);
        }
    }
}

/// Runs both in turns, alternating which is first, and prints the row.
fn measure(row: &Row, rounds: usize) {
    let fixture = (row.make)();
    let (mut ours, mut git) = (Vec::new(), Vec::new());
    // The first round fills the caches.
    for round in 0..=rounds {
        let (first, second);
        if round % 2 == 0 {
            first = fixture.time_sendoff();
            second = fixture.time_git();
        } else {
            second = fixture.time_git();
            first = fixture.time_sendoff();
        }
        if round > 0 {
            ours.push(first);
            git.push(second);
        }
    }
    let ratios = ours.iter().zip(&git);
    let ratios = ratios.map(|(ours, git)| ours.as_secs_f64() / git.as_secs_f64());
    let ratio = median(ratios.collect());
    let ms =
        |times: &[Duration]| median(times.iter().map(|time| time.as_secs_f64() * 1e3).collect());
    println!(
        "| `{}` | {:.1} ms | {:.1} ms | {ratio:.2} |",
        row.name,
        ms(&ours),
        ms(&git)
    );
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap()
}
