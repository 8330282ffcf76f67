//! Hooks and runs that may use little memory or few open files: nothing that was acknowledged is lost, and reports are
//! true.

use crate::world::{World, step};

use super::killed::settle;
use super::shell::{assert_shipped, memories, said, shell};
use super::{report_in, wait_for_workers};

/// Little memory may be mapped: the hook hands over, and the worker ships. The program takes 60 MiB without optimisation, and
/// each of its threads reserves 64 MiB.
#[test]
fn x10_little_address_space() {
    let world = World::new();
    let script = "ulimit -v 393216; nice -n 19 \"$sendoff\" hook executor --json";
    let said = said(shell(&world, script));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report = report_in(&world, &world.work());
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_shipped(&world);
}

/// How many files a process may open, from too few for anything to enough for everything.
const FEW_FILES: &[u32] = &[6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 32];

/// A hook and its worker that may open too few files lose nothing: what they could not send goes out once when
/// they may.
#[test]
fn few_open_files_lose_nothing() {
    let mut acknowledged = 0;
    for files in FEW_FILES {
        let world = World::new();
        world.user_policy("[limits]\ndeadline = \"2s\"\n");
        let script = format!(
            "ulimit -n {files}; echo '{{\"task\":{{\"input\":\"Fix it\"}}}}' | \"$sendoff\" hook executor"
        );
        let said = said(shell(&world, &script));
        assert_eq!(said.code, Some(0), "{files} files: {}", said.stderr);
        wait_for_workers(&world);
        let early = memories(&world);
        world.user_policy("");
        settle(&world);
        if said.stderr.is_empty() {
            acknowledged += 1;
            let report = report_in(&world, &world.work());
            assert_eq!(
                memories(&world),
                1,
                "{files} files, {early} early: {report}"
            );
            let head = world.sandbox.head(&world.work());
            assert_eq!(world.tip("feature/x"), head, "{files} files: {report}");
        } else {
            assert_eq!(
                said.stderr.lines().count(),
                1,
                "{files} files: {}",
                said.stderr
            );
            assert!(memories(&world) <= 1, "{files} files: {early} early");
        }
        println!(
            "{files} files: {early} sent at once: {}",
            said.stderr.trim_end()
        );
    }
    assert!(acknowledged > 3, "{acknowledged} hooks were acknowledged");
}

/// A run that may open too few files says what became of memory and branch, and what it calls queued goes out later.
#[test]
fn a_run_with_few_open_files_tells_the_truth() {
    for files in FEW_FILES {
        let world = World::new();
        let script = format!(
            "ulimit -n {files}; echo '{{\"task\":{{\"input\":\"Fix it\"}}}}' | \"$sendoff\" run --input - --json"
        );
        let said = said(shell(&world, &script));
        let report = said.report();
        let verdict = |name: &str| -> String {
            let steps = report["steps"].as_array().unwrap();
            let found = steps.iter().find(|step| step["name"] == name);
            found
                .map_or("none", |step| step["verdict"].as_str().unwrap())
                .to_owned()
        };
        let (memory, push) = (verdict("memory-commit"), verdict("push"));
        println!(
            "{files} files: memory {memory}, push {push}, exit {:?}",
            said.code
        );
        let expected = match report["verdict"].as_str().unwrap() {
            "done" => 0,
            "queued" => 75,
            _ => 1,
        };
        assert_eq!(said.code, Some(expected), "{files} files: {report}");
        // What is queued may go out at the run's end.
        let sent = memories(&world);
        let is_true = match memory.as_str() {
            "done" => sent == 1,
            "queued" => sent <= 1,
            _ => sent == 0,
        };
        assert!(is_true, "{files} files: {sent} memories: {report}");
        let head = world.sandbox.head(&world.work());
        assert_eq!(
            world.tip("feature/x") == head,
            push == "done",
            "{files} files: {report}"
        );
        settle(&world);
        let is_told = ["done", "queued"].contains(&memory.as_str());
        assert_eq!(
            memories(&world),
            usize::from(is_told),
            "{files} files: {report}"
        );
        if push == "queued" {
            assert_eq!(world.tip("feature/x"), head, "{files} files: {report}");
        }
    }
}

/// A run that may open too few files says so, and its advice helps.
#[test]
fn a_run_with_few_open_files_says_so() {
    let world = World::new();
    let said = said(shell(&world, "ulimit -n 12; exec \"$sendoff\" run --json"));
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "no-resources", "{report}");
    assert_eq!(
        push["advice"],
        "raise the limits of open files and processes (`ulimit -n`, `ulimit -u`) or free memory, then run again: nothing is lost"
    );
    // The advice, obeyed.
    assert_eq!(world.run(&["run"]).code, Some(0));
    assert_shipped(&world);
}
