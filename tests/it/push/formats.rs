//! Repositories in a format that is not ours to read: told by name, before anything is sent.

use sendoff_push::Action;
use sendoff_testing::left_out;

use crate::sandbox::Sandbox;
use crate::world::World;

use super::rig::{ahead, options, push_head};

/// Makes the refs of a repository a table; says so where git is too old for that.
fn into_table(sandbox: &Sandbox, repository: &std::path::Path) -> bool {
    let done = sandbox
        .command("git")
        .args(["refs", "migrate", "--ref-format=reftable"])
        .current_dir(repository)
        .output()
        .unwrap();
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr);
        left_out("reftable", &format!("this git makes none: {why}"));
    }
    done.status.success()
}

/// Runs, and checks that the push ended as `unsupported` with these words and nobody was asked.
fn is_unsupported(world: &World, summary: &str, advice: &str) {
    let asked = world.git.log().len();
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "failed", "{report}");
    assert_eq!(step["reason"], "unsupported", "{report}");
    assert_eq!(step["summary"], summary, "{report}");
    assert_eq!(step["advice"], advice, "{report}");
    assert_ne!(report["steps"][1]["verdict"], "done", "{report}");
    assert_eq!(report["exit_code"], 1, "{report}");
    assert_eq!(world.git.log().len(), asked, "the server was asked");
    assert!(world.forge.pulls().is_empty());
}

#[test]
fn refs_in_a_table_are_unsupported_by_name_and_the_advice_works() {
    let world = World::new();
    if !into_table(&world.sandbox, &world.work()) {
        return;
    }
    is_unsupported(
        &world,
        "the repository keeps its refs as `reftable`, which sendoff cannot read",
        "push with `git push`, or keep them as files: git refs migrate --ref-format=files",
    );
    assert_eq!(world.tip("feature/x"), "");
    let back = ["refs", "migrate", "--ref-format=files"];
    world.sandbox.git(world.work(), &back);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
}

#[test]
fn memory_and_heartbeat_go_out_all_the_same() {
    let world = World::new();
    if !into_table(&world.sandbox, &world.work()) {
        return;
    }
    let task = br#"{"task":{"input":"do it","ok":true}}"#;
    let said = world.run_with_input(&["run", "--input", "-", "--json"], task);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert_eq!(world.platform.memories().len(), 1, "{}", said.stdout);
}

#[test]
fn an_extension_from_the_future_is_unsupported_by_name() {
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["config", "core.repositoryFormatVersion", "1"]);
    git(&["config", "extensions.newTrick", "on"]);
    is_unsupported(
        &world,
        "the repository uses the extension `newTrick`, which sendoff cannot read",
        "push with `git push`; sendoff does not support the extension yet",
    );
}

#[test]
fn a_remote_whose_refs_are_a_table_takes_the_push() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    if !into_table(&sandbox, &remote) {
        return;
    }
    let url = remote.to_str().unwrap();
    let pushed = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    let head = sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), head);
}
