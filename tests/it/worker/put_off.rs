//! What had no turn is put off and not lost: after a deadline, behind another process.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sendoff::demo::git_server::FaultKind;
use sendoff::store::{Slot, Turn, TurnAt};
use sendoff_testing::wait_until;
use serde_json::{Value, json};

use crate::world::{World, step};

use super::{assert_silent, git, hand_over_and_end_at, last_report, wait_for_workers};

pub(super) fn memories(world: &World) -> Vec<String> {
    let memories = world.platform.memories();
    let text = |memory: &Value| memory["content"].as_str().unwrap().to_owned();
    memories.iter().map(text).collect()
}

pub(super) fn state(world: &World) -> std::path::PathBuf {
    world.sandbox.path("home/.local/state/sendoff")
}

pub(super) fn slot(world: &World) -> Slot {
    Slot {
        repository: world.work().canonicalize().unwrap().join(".git"),
        branch: "feature/x".into(),
    }
}

/// Guards that a memory behind a push that takes the whole run is not lost, and is sent once.
#[test]
fn a_memory_whose_turn_never_came_is_sent_by_a_later_run() {
    for pipeline in [
        r#"post-task = ["push", "memory-commit"]"#,
        // Beside the push it waits for the push's login, which it must not tell.
        r#"post-task = [["push", "memory-commit"]]"#,
    ] {
        let world = World::new();
        let url = format!("{}/acme/rocket.git", world.git.url());
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        world.point_to(&format!(
            "http://{}/acme/rocket.git",
            silent.local_addr().unwrap()
        ));
        world.user_policy(&format!(
            "[limits]\ndeadline = \"1s\"\n[pipelines]\n{pipeline}"
        ));
        let report = world.run_task("Fix it").report();
        let line = step(&report, "memory-commit");
        assert_eq!(
            (&line["verdict"], &line["reason"]),
            (&json!("queued"), &json!("deadline")),
            "{report}"
        );
        drop(silent);
        world.point_to(&url);
        world.user_policy(&format!("[pipelines]\n{pipeline}"));
        assert_eq!(world.run(&["flush"]).code, Some(0));
        assert_eq!(memories(&world), ["Conversation: Fix it"]);
        let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
        assert_eq!(world.tip("feature/x"), head);
    }
}

/// Guards that `run` waits for the process that ships its branch, and looks again then.
#[test]
fn x12_a_run_waits_for_its_turn_at_the_branch() {
    let world = World::new();
    let turn = Turn::take(Some(&state(&world)), TurnAt::Slot(&slot(&world))).unwrap();
    assert!(turn.is_some());
    let mut run = world
        .command(&["run", "post-commit", "--json"])
        .env("SENDOFF_LOG", "sendoff=debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(run.stderr.take().unwrap()).lines();
    let waits =
        |line: std::io::Result<String>| line.unwrap().contains("another process ships this branch");
    assert!(log.any(waits), "it did not wait");
    // The branch moves on meanwhile.
    let head = world.commit("c.txt", "late\n", "Come late");
    assert!(world.git.log().is_empty(), "it did not wait");
    drop(turn);
    // Nobody else reads what it logs.
    let rest = std::thread::spawn(move || log.count());
    let output = run.wait_with_output().unwrap();
    rest.join().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(world.tip("feature/x"), head);
}

/// Guards that a branch whose turn does not come is kept for later, and that the advice holds.
#[test]
fn x15_a_branch_whose_turn_does_not_come_is_left_for_later() {
    let world = World::new();
    let turn = Turn::take(Some(&state(&world)), TurnAt::Slot(&slot(&world))).unwrap();
    // Half of its time a run waits for the turn. Where a busy machine takes the rest, it ends by its deadline, of which this
    // tells nothing.
    let mut deadline = 4;
    let (said, report) = loop {
        world.user_policy(&format!("[limits]\ndeadline = \"{deadline}s\"\n"));
        let said = world.run(&["run", "post-commit", "--json"]);
        let report = said.report();
        if step(&report, "push")["reason"] != "deadline" {
            break (said, report);
        }
        deadline *= 2;
    };
    let push = step(&report, "push");
    assert_eq!(
        (&push["verdict"], &push["reason"], said.code),
        (&json!("queued"), &json!("busy"), Some(75)),
        "{report}"
    );
    assert_eq!(push["summary"], "another sendoff is shipping this branch");
    assert_eq!(
        push["advice"],
        "it is tried again by itself; to try now: sendoff flush"
    );
    drop(turn);
    world.user_policy("");
    // A program that another test starts has the lock too, until it is executed.
    wait_until("the branch's turn", || {
        (world.run(&["flush"]).code == Some(0)).then_some(())
    });
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that hooks and a run at the same time make one push and one pull request.
#[test]
fn x12_a_run_beside_hooks_makes_one_push_and_one_pull_request() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_silent(&world.run(&["hook", "git-post-commit"])));
            scope.spawn(|| {
                let report = world.report(&["run", "post-commit"]);
                assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
            });
        }
    });
    wait_for_workers(&world);
    assert_eq!(super::pushes(&world), 1);
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that the worker goes on trying for as long as the policy says, and no longer.
#[test]
fn a_worker_tries_again_until_the_policys_deadline() {
    // The second try comes a second after the first one, and has to come before the deadline: on a busy machine the first one
    // may take longer than that leaves.
    let mut deadline = Duration::from_secs(2);
    loop {
        let world = World::new();
        world.user_policy(&format!(
            "[limits]\ndeadline = \"{}s\"\n",
            deadline.as_secs()
        ));
        world.point_to("http://127.0.0.1:9/acme/rocket.git");
        let began = Instant::now();
        world.run(&["hook", "git-post-commit"]);
        last_report(&world);
        let first_try = began.elapsed();
        wait_for_workers(&world);
        let took = began.elapsed();
        assert!(took < deadline * 10, "{took:?}");
        let status = world.run(&["status", "--json"]).report();
        let attempts = status["pending"][0]["attempts"].as_u64().unwrap();
        if attempts >= 2 {
            break;
        }
        assert!(first_try > deadline / 4, "{first_try:?}: {status}");
        deadline *= 2;
    }
}

/// Guards that a git server that asks for patience is asked again when it says, and not a second later.
#[test]
fn a_push_is_tried_again_when_its_server_wants_it() {
    let world = World::new();
    let _server = world.git_server_with(FaultKind::Busy(3600));
    assert_eq!(world.run(&["run", "post-commit"]).code, Some(75));
    let status = world.run(&["status", "--json"]).report();
    let pending = &status["pending"][0];
    let time = |key: &str| -> Timestamp { pending[key].as_str().unwrap().parse().unwrap() };
    let wait = time("not_before").duration_since(time("since"));
    let minutes = wait.as_mins();
    assert!((55..=60).contains(&minutes), "{status}");
}

/// Guards that an intent that no worker survives is given up, shown, and tried once more when it is named.
#[test]
fn x01_an_intent_that_kills_every_worker_is_given_up_and_shown() {
    let world = World::new();
    hand_over_and_end_at(&world, &world.work(), "git-post-commit", "worker-began");
    let database = rusqlite::Connection::open(state(&world).join("store.db")).unwrap();
    let attempts = || -> u32 {
        let sql = "SELECT attempts FROM intents";
        database.query_row(sql, (), |row| row.get(0)).unwrap()
    };
    assert_eq!(attempts(), 1);
    database
        .execute("UPDATE intents SET attempts = 20", ())
        .unwrap();
    git(&world, &world.work(), &["switch", "-q", "main"])
        .status()
        .unwrap();
    // Whatever worker comes next gives it up.
    assert_eq!(world.run(&["flush"]).code, Some(0));
    let status = world.run(&["status"]);
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    let advice = status
        .stdout
        .lines()
        .find(|line| line.starts_with("given up"))
        .unwrap();
    assert!(
        advice.contains("too-many-tries; to try once more: sendoff flush "),
        "{advice}"
    );
    let said = world.run(&["flush", "nothing"]);
    assert_eq!(
        (said.stderr.as_str(), said.code),
        (
            "no run that was given up has the id `nothing`; `sendoff status` shows them\n",
            Some(64)
        )
    );
    // The advice, obeyed.
    let run = advice.rsplit(' ').next().unwrap();
    assert_eq!(world.run(&["flush", run]).code, Some(0));
    assert_eq!(world.run(&["status"]).code, Some(0));
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that `[store]` says how much is kept, and for how long something is tried.
#[test]
fn the_store_keeps_as_much_and_as_long_as_the_policy_says() {
    let world = World::new();
    world.user_policy("[store]\nruns = 2\ndays = 1\n");
    for _ in 0..4 {
        world.report(&["run", "post-commit"]);
    }
    assert_eq!(world.run(&["history"]).stdout.lines().count(), 2);
    hand_over_and_end_at(&world, &world.work(), "git-post-commit", "worker-began");
    let database = rusqlite::Connection::open(state(&world).join("store.db")).unwrap();
    let two_days =
        "UPDATE intents SET created_at = created_at - 172800000 WHERE settled_at IS NULL";
    assert_eq!(database.execute(two_days, ()).unwrap(), 1);
    drop(database);
    world.run(&["flush"]);
    let status = world.run(&["status"]).stdout;
    assert!(
        status.contains("too-old; to try once more: sendoff flush "),
        "{status}"
    );
}
