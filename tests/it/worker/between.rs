//! What happens to branch and repository between a hook and its worker, and what the one who waits is told.

use std::path::Path;

use serde_json::Value;

use crate::world::{World, step};

use super::{hand_over_and_end_at, last_report, report_in, wait_for_workers};

/// Hands the branch of HEAD over, and leaves it to a later worker.
fn handed_over(world: &World, work: &Path, surface: &str) {
    hand_over_and_end_at(world, work, surface, "worker-told");
}

fn flush(world: &World) -> Option<i32> {
    world
        .run_in(&world.sandbox.path(""), &["flush"], &world.variables())
        .code
}

fn reason(report: &Value) -> (&Value, &Value) {
    let push = step(report, "push");
    (&push["verdict"], &push["reason"])
}

/// Guards the branch of a user, who is on it when the branch of an agent is gone: nobody asked for it to be pushed.
#[test]
fn no_other_branch_is_shipped_in_place_of_one_that_is_gone() {
    for is_linked in [false, true] {
        let world = World::new();
        let work = world.work();
        let place = if is_linked {
            world.linked("linked", "agent/y")
        } else {
            world.sandbox.git(&work, &["switch", "-q", "-c", "agent/y"]);
            work.clone()
        };
        world
            .sandbox
            .commit(&place, "c.txt", "hello\n", "Say hello");
        handed_over(&world, &place, "git-post-commit");
        if is_linked {
            let path = place.to_str().unwrap();
            world.sandbox.git(&work, &["worktree", "remove", path]);
        } else {
            world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
        }
        world.sandbox.git(&work, &["branch", "-D", "agent/y"]);
        assert_eq!(flush(&world), Some(0));
        assert_eq!(
            (
                world.tip("feature/x").as_str(),
                world.tip("agent/y").as_str()
            ),
            ("", "")
        );
        let report = last_report(&world);
        let push = step(&report, "push");
        assert_eq!(push["reason"], "branch-gone", "{report}");
        assert_eq!(push["summary"], "agent/y is gone: there is nothing to push");
        let advice = push["advice"].as_str().unwrap();
        assert_eq!(advice, "to ship the branch that you are on: sendoff run");
        // The advice, obeyed.
        assert_eq!(world.run(&["run"]).code, Some(0));
        assert_eq!(world.tip("feature/x"), world.sandbox.head(&work));
    }
}

#[test]
fn a_branch_that_was_renamed_is_shipped_by_its_new_name() {
    let world = World::new();
    handed_over(&world, &world.work(), "git-post-commit");
    for name in ["feature/one", "feature/two"] {
        world.sandbox.git(world.work(), &["branch", "-m", name]);
    }
    assert_eq!(flush(&world), Some(0));
    assert_eq!(world.tip("feature/two"), world.sandbox.head(&world.work()));
    assert_eq!(world.tip("feature/x"), "");
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards a branch whose repository is not there when its worker comes, such as one on a disk that was detached.
#[test]
fn a_branch_waits_for_its_repository() {
    for surface in ["git-post-commit", "executor", ""] {
        let world = World::new();
        let (work, away) = (world.work(), world.sandbox.path("away"));
        let head = world.sandbox.head(&work);
        if surface.is_empty() {
            let url = format!("{}/acme/rocket.git", world.git.url());
            world.point_to("http://127.0.0.1:9/acme/rocket.git");
            assert_eq!(world.run(&["run", "post-commit"]).code, Some(75));
            world.point_to(&url);
        } else {
            handed_over(&world, &work, surface);
        }
        std::fs::rename(&work, &away).unwrap();
        for _ in 0..3 {
            assert_eq!(flush(&world), Some(75), "{surface}");
        }
        let top = world.sandbox.path("");
        let status = world.run_in(&top, &["status", "--json"], &world.variables());
        let status = status.report();
        let pending = &status["pending"][0];
        assert_eq!(pending["reason"], "not-a-repository", "{status}");
        assert_eq!(
            world.normalise(pending["summary"].as_str().unwrap()),
            "there is no repository at [ROOT]/clone/.git now"
        );
        std::fs::rename(&away, &work).unwrap();
        assert_eq!(flush(&world), Some(0), "{surface}");
        assert_eq!(world.tip("feature/x"), head, "{surface}");
        assert_eq!(world.forge.pulls().len(), 1, "{surface}");
        assert_eq!(world.run(&["status"]).code, Some(0));
    }
}

/// A repository that does not come back is waited for no longer than a day.
#[test]
fn a_branch_does_not_wait_for_ever_for_its_repository() {
    let world = World::new();
    handed_over(&world, &world.work(), "git-post-commit");
    std::fs::remove_dir_all(world.work()).unwrap();
    assert_eq!(flush(&world), Some(75));
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let store = rusqlite::Connection::open(database).unwrap();
    let earlier = "UPDATE pending SET since = since - 23 * 3600000";
    store.execute(earlier, ()).unwrap();
    assert_eq!(flush(&world), Some(75));
    store.execute(earlier, ()).unwrap();
    assert_eq!(flush(&world), Some(0));
}

/// Guards the one who waits for a run that had nothing to do any more: the report says why.
#[test]
fn a_run_that_did_nothing_is_reported_to_who_waits_for_it() {
    let world = World::new();
    handed_over(&world, &world.work(), "git-post-commit");
    world.user_policy("[branches]\nprotected = [\"feature/*\"]\n");
    assert_eq!(flush(&world), Some(0));
    let said = world.run(&["status", "--wait", "60s", "--json"]);
    let report = said.report();
    assert_eq!(
        (reason(&report), said.code),
        ((&"skipped".into(), &"protected-branch".into()), Some(0)),
        "{report}"
    );
}

/// Guards a one-shot container, whose memory has no room in the outbox: it waits for the run, and not for a later one.
#[test]
fn who_waits_for_a_run_gets_its_report_when_it_is_to_be_repeated() {
    let world = World::new();
    // A heartbeat would take the one place where it comes first.
    world.user_policy(
        "[limits]\ndeadline = \"10s\"\n[store]\nmessages = 1\n[pipelines]\npost-task = [\"memory-commit\", \"push\"]\n",
    );
    world.platform.rotate_token("another-token-0123456789");
    for verdict in ["queued", "failed"] {
        let task = format!(r#"{{"task": {{"input": "{verdict}"}}}}"#);
        let arguments = ["hook", "executor", "--wait", "--json"];
        let report = world.run_with_input(&arguments, task.as_bytes()).report();
        let memory = step(&report, "memory-commit");
        assert_eq!(memory["verdict"], verdict, "{report}");
    }
    wait_for_workers(&world);
    let said = world.run(&["status", "--wait", "10ms", "--json"]);
    assert_eq!(step(&said.report(), "memory-commit")["verdict"], "failed");
}

/// Guards the one who waits in a repository while its HEAD is on no branch: another repository's run is no answer.
#[test]
fn who_waits_is_told_of_the_repository_that_it_waits_in() {
    let world = World::new();
    let (work, top) = (world.work(), world.sandbox.path(""));
    let other = world.sandbox.path("other");
    let (from, to) = (work.to_str().unwrap(), other.to_str().unwrap());
    world.sandbox.git(&top, &["clone", "-q", from, to]);
    world.run(&["hook", "git-post-commit"]);
    let run = last_report(&world)["run_id"].clone();
    let url = format!("{}/acme/rocket.git", world.git.url());
    world
        .sandbox
        .git(&other, &["remote", "set-url", "origin", &url]);
    world
        .sandbox
        .git(&other, &["switch", "-q", "-c", "feature/other"]);
    world.sandbox.commit(&other, "o.txt", "o\n", "Add o");
    world.run_in(&other, &["hook", "git-post-commit"], &world.variables());
    assert_ne!(report_in(&world, &other)["run_id"], run);
    world.sandbox.git(&work, &["switch", "-q", "--detach"]);
    assert_eq!(last_report(&world)["run_id"], run);
    let head = format!("{}\n", world.sandbox.head(&work));
    std::fs::write(work.join(".git/CHERRY_PICK_HEAD"), head).unwrap();
    assert_eq!(last_report(&world)["run_id"], run);
    wait_for_workers(&world);
}
