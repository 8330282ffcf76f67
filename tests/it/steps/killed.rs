//! `delegation-results` under `kill -9`, beside itself, and with more than fits into memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

const FILE: &str = "box/results.jsonl";

/// Starts the step with a pipe for its stdout.
fn start(sandbox: &Sandbox) -> Child {
    let mut command = Command::cargo_bin("sendoff").unwrap();
    command
        .env_clear()
        .envs(sandbox.variables())
        .env("DELEGATION_RESULTS_FILE", sandbox.path(FILE))
        .args(["step", "delegation-results"])
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits for its end; returns the summaries that it printed, and whether it ended well.
fn ended(child: Child) -> (Vec<String>, bool) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let summaries = text.lines().filter_map(|line| line.strip_prefix("- [?] "));
    (
        summaries.map(str::to_owned).collect(),
        output.status.success(),
    )
}

fn told(sandbox: &Sandbox) -> Vec<String> {
    let (summaries, well) = ended(start(sandbox));
    assert!(well);
    summaries
}

fn append(sandbox: &Sandbox, summaries: &[String]) {
    fs::create_dir_all(sandbox.path("box")).unwrap();
    let mut open = fs::OpenOptions::new();
    let open = open.append(true).create(true).open(sandbox.path(FILE));
    let lines = summaries
        .iter()
        .map(|summary| format!("{{\"summary\":\"{summary}\"}}\n"));
    let lines: Vec<String> = lines.collect();
    open.unwrap().write_all(lines.concat().as_bytes()).unwrap();
}

/// Makes a run hang where it confirms a claim, after it has printed: who opens a pipe to write to it
/// waits for a reader.
fn hang_at_confirming(sandbox: &Sandbox, claim: u32) -> std::path::PathBuf {
    let private = sandbox.path("box/results.jsonl.claimed");
    if !private.exists() {
        fs::create_dir_all(sandbox.path("box")).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&private).unwrap();
    }
    sandbox.pipe(private.join(format!("{claim:08}.read.new")))
}

/// Reads what a run prints up to the line that `is_last`, and leaves the run hanging.
fn read_up_to(child: &mut Child, is_last: impl Fn(&str) -> bool) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| is_last(&line.unwrap())));
}

fn kill(mut child: Child) {
    assert!(child.try_wait().unwrap().is_none(), "it did not hang");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_between_printing_and_confirming_hands_over_again() {
    supervise!();
    let sandbox = Sandbox::new();
    append(&sandbox, &["one".into(), "two".into()]);
    let pipe = hang_at_confirming(&sandbox, 1);
    let mut child = start(&sandbox);
    read_up_to(&mut child, |line| line == "- [?] two");
    kill(child);
    fs::remove_file(pipe).unwrap();
    append(&sandbox, &["three".into()]);
    assert_eq!(told(&sandbox), ["one", "two", "three"]);
    assert!(told(&sandbox).is_empty());
}

#[test]
fn a_run_that_is_killed_between_two_confirmations_repeats_only_what_is_not_confirmed() {
    supervise!();
    let sandbox = Sandbox::new();
    append(&sandbox, &["one".into()]);
    let first = hang_at_confirming(&sandbox, 1);
    let mut child = start(&sandbox);
    read_up_to(&mut child, |line| line == "- [?] one");
    kill(child);
    fs::remove_file(first).unwrap();
    // Now two claims: the one that is left, and a new one.
    append(&sandbox, &["two".into()]);
    let second = hang_at_confirming(&sandbox, 2);
    let mut child = start(&sandbox);
    read_up_to(&mut child, |line| line == "- [?] two");
    let mark = sandbox.path("box/results.jsonl.claimed/00000001.read");
    let began = Instant::now();
    while !mark.exists() {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    kill(child);
    fs::remove_file(second).unwrap();
    assert_eq!(told(&sandbox), ["two"]);
    assert!(told(&sandbox).is_empty());
}

#[test]
fn what_a_run_left_that_was_killed_in_between_is_adopted() {
    supervise!();
    // After the rename and before anything was read; and with half a mark beside it.
    for half in [None, Some("9999"), Some("")] {
        let sandbox = Sandbox::new();
        append(&sandbox, &["one".into()]);
        let private = sandbox.path("box/results.jsonl.claimed");
        fs::DirBuilder::new().mode(0o700).create(&private).unwrap();
        fs::rename(sandbox.path(FILE), private.join("00000007.jsonl")).unwrap();
        if let Some(half) = half {
            fs::write(private.join("00000007.read.new"), half).unwrap();
        }
        assert_eq!(told(&sandbox), ["one"]);
        append(&sandbox, &["two".into()]);
        assert_eq!(told(&sandbox), ["two"]);
    }
}

#[test]
fn whenever_a_run_is_killed_each_record_comes_and_none_twice_that_was_confirmed() {
    supervise!();
    let sandbox = Sandbox::new();
    let mut runs: Vec<(Vec<String>, bool)> = Vec::new();
    let mut expected = Vec::new();
    for round in 0..40 {
        let new: Vec<String> = (0..3).map(|n| format!("{round:02}-{n}")).collect();
        append(&sandbox, &new);
        expected.extend(new);
        let mut child = start(&sandbox);
        // Later each time, from before it has read a line to after it has ended.
        std::thread::sleep(Duration::from_micros(1500 * round));
        child.kill().unwrap();
        runs.push(ended(child));
    }
    runs.push((told(&sandbox), true));
    assert!(told(&sandbox).is_empty());
    let mut seen: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (summaries, _)) in runs.iter().enumerate() {
        for summary in summaries {
            seen.entry(summary).or_default().push(at);
        }
    }
    let all: Vec<&str> = seen.keys().copied().collect();
    assert_eq!(all, expected, "each at least once");
    for (summary, places) in seen {
        let (last, earlier) = places.split_last().unwrap();
        assert!(
            earlier.iter().all(|at| !runs[*at].1),
            "{summary} came again after a run that ended well: {places:?}"
        );
        assert!(runs[*last].1 || *last + 1 < runs.len());
    }
}

#[test]
fn two_runs_at_once_hand_each_record_over_once() {
    supervise!();
    let sandbox = Sandbox::new();
    let mut seen = Vec::new();
    let mut expected = Vec::new();
    for round in 0..8 {
        let new: Vec<String> = (0..20).map(|n| format!("{round}-{n:02}")).collect();
        append(&sandbox, &new);
        expected.extend(new);
        let both = [start(&sandbox), start(&sandbox)];
        for child in both {
            let (summaries, well) = ended(child);
            assert!(well);
            seen.extend(summaries);
        }
    }
    seen.extend(told(&sandbox));
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn a_hundred_megabytes_are_streamed_in_little_memory() {
    supervise!();
    let sandbox = Sandbox::new();
    let mut file = fs::File::create(sandbox.write(FILE, "")).unwrap();
    let record = b"{\"status\":\"completed\",\"summary\":\"a result of some task that was given away\",\"x\":1}\n";
    let block = record.repeat(10_000);
    for _ in 0..120 {
        file.write_all(&block).unwrap();
    }
    drop(file);
    let pipe = hang_at_confirming(&sandbox, 1);
    let mut child = start(&sandbox);
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let (mut count, mut left) = (0, None);
    for line in lines {
        let line = line.unwrap();
        left = line.strip_prefix('+').map(str::to_owned);
        if left.is_some() {
            break;
        }
        assert_eq!(
            line,
            "- [completed] a result of some task that was given away"
        );
        count += 1;
    }
    assert_eq!(
        left.unwrap(),
        format!("{} more, at the next run", 1_200_000 - count)
    );
    // It has read the whole file and hangs: the largest that it ever was is known.
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    kill(child);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(kib < 64 << 10, "{kib} KiB");
    assert!(pipe.exists());
}
