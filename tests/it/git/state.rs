//! Tests of `git::state`: each operation is really begun.

use std::path::Path;

use sendoff::git::Operation;
use sendoff_testing::supervise;

use super::open;
use crate::sandbox::Sandbox;

/// Makes a repository whose branches `main` and `side` disagree about one file.
fn conflict(sandbox: &Sandbox) -> std::path::PathBuf {
    let work = sandbox.repository("r");
    sandbox.git(&work, &["checkout", "-q", "-b", "side"]);
    sandbox.commit(&work, "f", "side 1\n", "side 1");
    sandbox.commit(&work, "f", "side 2\n", "side 2");
    sandbox.git(&work, &["checkout", "-q", "main"]);
    sandbox.commit(&work, "f", "main\n", "main");
    work
}

/// Runs git although it stops at a conflict.
fn stops(sandbox: &Sandbox, work: &Path, arguments: &[&str]) {
    let mut command = sandbox.command("git");
    command.args(arguments).current_dir(work);
    assert!(!command.output().unwrap().status.success());
}

#[test]
fn nothing_is_in_progress_in_a_repository_at_rest() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = conflict(&sandbox);
    assert_eq!(open(&sandbox, &work).operation(), None);
    // What a killed cherry-pick may leave, and git takes for nothing.
    std::fs::create_dir(work.join(".git/sequencer")).unwrap();
    let status = sandbox.git(&work, &["status"]);
    assert!(!status.contains("progress"), "{status}");
    assert_eq!(open(&sandbox, &work).operation(), None);
}

#[test]
fn each_operation_that_stopped_is_known() {
    supervise!();
    let cases: &[(&[&str], Operation)] = &[
        (&["merge", "side"], Operation::Merge),
        (&["rebase", "side"], Operation::Rebase),
        (&["rebase", "--apply", "side"], Operation::Rebase),
        (&["cherry-pick", "side"], Operation::CherryPick),
        (&["cherry-pick", "side~1", "side"], Operation::CherryPick),
        (&["revert", "--no-edit", "side"], Operation::Revert),
    ];
    for (arguments, operation) in cases {
        let sandbox = Sandbox::new();
        let work = conflict(&sandbox);
        stops(&sandbox, &work, arguments);
        let found = open(&sandbox, &work).operation();
        assert_eq!(found, Some(*operation), "{arguments:?}");
    }
}

#[test]
fn am_and_bisect_are_known() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = conflict(&sandbox);
    let patch = sandbox.git(&work, &["format-patch", "-1", "side"]);
    stops(&sandbox, &work, &["am", &patch]);
    assert_eq!(open(&sandbox, &work).operation(), Some(Operation::Am));
    sandbox.git(&work, &["am", "--abort"]);
    sandbox.git(&work, &["bisect", "start"]);
    assert_eq!(open(&sandbox, &work).operation(), Some(Operation::Bisect));
    sandbox.git(&work, &["bisect", "reset"]);
    assert_eq!(open(&sandbox, &work).operation(), None);
}

#[test]
fn a_sequence_is_in_progress_between_two_picks() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = conflict(&sandbox);
    stops(&sandbox, &work, &["cherry-pick", "side~1", "side"]);
    sandbox.write("r/f", "solved\n");
    sandbox.git(&work, &["add", "f"]);
    sandbox.git(&work, &["commit", "-q", "-m", "solved"]);
    assert!(!work.join(".git/CHERRY_PICK_HEAD").exists());
    assert_eq!(
        open(&sandbox, &work).operation(),
        Some(Operation::CherryPick)
    );
}

#[test]
fn an_operation_concerns_its_own_work_tree_only() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = conflict(&sandbox);
    sandbox.git(
        &work,
        &["worktree", "add", "-q", "-b", "other", "../linked", "main"],
    );
    let linked = sandbox.path("linked");
    stops(&sandbox, &linked, &["rebase", "side"]);
    assert_eq!(open(&sandbox, &linked).operation(), Some(Operation::Rebase));
    assert_eq!(open(&sandbox, &work).operation(), None);
}

#[test]
fn a_hook_sees_the_rebase_that_calls_it() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = conflict(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "-b", "third", "side"]);
    sandbox.executable(
        "r/.git/hooks/post-commit",
        "#!/bin/sh\ntest -d \"$(git rev-parse --git-dir)/rebase-merge\" && echo seen >> ../seen\n",
    );
    sandbox.git(
        &work,
        &["rebase", "-q", "-x", "true", "--force-rebase", "side~2"],
    );
    assert!(sandbox.path("seen").exists());
    assert_eq!(open(&sandbox, &work).operation(), None);
}
