//! Whole runs beside git, in turns: what a user waits for, from the start of the process to its end.
//!
//! `cargo bench --bench whole` takes every row, `cargo bench --bench whole -- push.path` those whose name begins so; a number
//! is how many rounds there are. Not criterion: the two are compared round by round, because one round has the machine in
//! one mood and the next one in another.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench starts git, prints its table, and may panic"
)]

mod bed;
#[path = "../push/workload.rs"]
#[expect(
    dead_code,
    reason = "the benches of the parts of a push use the rest of it"
)]
mod workload;

use std::time::Duration;

use bed::Bed;
use bed::Remote;
use workload::Workload;
use workload::lines;

/// How many rounds a row takes, where nobody says.
const ROUNDS: usize = 7;

/// One comparison: its name, and what makes the bed in which it is done.
struct Row {
    name: &'static str,
    make: fn() -> Bed,
}

const ROWS: &[Row] = &[
    Row {
        name: "noop.protected",
        make: || Bed::of(&Workload::history(72)).on("main"),
    },
    Row {
        name: "noop.pushed",
        make: || Bed::of(&Workload::history(72)).with_base_at_tip(),
    },
    Row {
        name: "guard.behind",
        make: || Bed::of(&Workload::history(20_000)).with_old_branch(2_000),
    },
    Row {
        name: "guard.behind.graph",
        make: || {
            let bed = Bed::of(&Workload::history(20_000)).with_old_branch(2_000);
            bed.with_commit_graph()
        },
    },
    Row {
        name: "push.http.small",
        make: || Bed::of(&recent(72, 1)).to(Remote::Http),
    },
    Row {
        name: "push.http.medium",
        make: || Bed::of(&recent(5_000, 1)).to(Remote::Http),
    },
    Row {
        name: "push.http.k50",
        make: || Bed::of(&recent(5_000, 50)).to(Remote::Http),
    },
    Row {
        name: "push.http.blob5",
        make: || Bed::of(&line_of_a_large_file()).to(Remote::Http),
    },
    Row {
        name: "push.http.whole",
        make: || Bed::of(&Workload::whole_history(4_000)).to(Remote::Http),
    },
    Row {
        name: "push.http.refs",
        make: || many_branches(Remote::Http),
    },
    Row {
        name: "push.path.small",
        make: || Bed::of(&recent(72, 1)).to(Remote::Path),
    },
    Row {
        name: "push.path.medium",
        make: || Bed::of(&recent(5_000, 1)).to(Remote::Path),
    },
    Row {
        name: "push.path.k50",
        make: || Bed::of(&recent(5_000, 50)).to(Remote::Path),
    },
    Row {
        name: "push.path.blob5",
        make: || Bed::of(&line_of_a_large_file()).to(Remote::Path),
    },
    Row {
        name: "push.path.whole",
        make: || Bed::of(&Workload::whole_history(4_000)).to(Remote::Path),
    },
    Row {
        name: "push.path.refs",
        make: || many_branches(Remote::Path),
    },
];

/// One commit for a server that has 100,000 other branches.
fn many_branches(remote: Remote) -> Bed {
    Bed::of(&recent(72, 1)).to(remote).with_branches(100_000)
}

/// A history of which the server has all but the last `new` commits.
fn recent(commits: usize, new: usize) -> Workload {
    let mut made = Workload::history(commits);
    let old = format!("{}~{new}", made.want);
    let repository = made.repository();
    made.has = vec![repository.rev_parse_single(old.as_str()).unwrap().detach()];
    made
}

/// One line of a file of 5 MB is another one.
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
    let rounds = rounds.unwrap_or(ROUNDS);
    let names = given.iter().filter(|word| word.parse::<usize>().is_err());
    let names: Vec<&str> = names.map(|name| name.as_str()).collect();
    println!("| row | ours | git | ratio |\n| --- | --: | --: | --: |");
    for row in ROWS {
        if names.is_empty() || names.iter().any(|name| row.name.starts_with(name)) {
            measure(row, rounds);
        }
    }
}

/// Runs both in turns, the one that begins changing, and prints the row.
fn measure(row: &Row, rounds: usize) {
    let bed = (row.make)();
    let (mut ours, mut git) = (Vec::new(), Vec::new());
    // The first round is for the caches.
    for round in 0..=rounds {
        let (first, second);
        if round % 2 == 0 {
            first = bed.ours();
            second = bed.git();
        } else {
            second = bed.git();
            first = bed.ours();
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
