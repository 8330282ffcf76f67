//! What fails in passing waits, and goes out once: messages, pushes, pull requests.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sendoff::demo::{Answer, Fault};
use serde_json::{Value, json};

use crate::world::{TOKEN, World, step};

use super::wait_for_workers;

/// Returns the texts of the platform's memories.
fn memories(world: &World) -> Vec<String> {
    let memories = world.platform.memories();
    let text = |memory: &Value| memory["content"].as_str().unwrap().to_owned();
    memories.iter().map(text).collect()
}

fn fails(status: u16) -> Fault {
    Fault::Instead(Answer::json(status, &json!({"error": "told to fail"})))
}

/// Commits a memory while the platform answers with a fault; returns the step's line.
fn remember(world: &World, text: &str, faults: Vec<Fault>) -> Value {
    world.platform.inject(faults);
    let task = json!({"task": {"input": text}}).to_string();
    let said = world.run_with_input(
        &["step", "memory-commit", "--input", "-", "--json"],
        task.as_bytes(),
    );
    serde_json::from_str(&said.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", said.stdout, said.stderr))
}

#[test]
fn l05_memories_go_out_in_order_when_the_platform_is_back() {
    let world = World::new();
    let first = remember(&world, "one", vec![fails(503)]);
    assert_eq!(
        (&first["verdict"], &first["reason"]),
        (&json!("queued"), &json!("unavailable")),
        "{first}"
    );
    assert_eq!(
        first["advice"],
        "it is sent again by itself; to try now: sendoff flush"
    );
    // The platform is back, and what came first still goes first.
    let second = remember(&world, "two", vec![]);
    assert_eq!(
        (&second["verdict"], &second["reason"]),
        (&json!("queued"), &json!("in-order")),
        "{second}"
    );
    assert!(memories(&world).is_empty());
    let status = world.run(&["status"]);
    assert!(
        status.stdout.contains("2 messages wait for the platform"),
        "{}",
        status.stdout
    );
    assert_eq!(status.code, Some(75));
    let listed = world.run(&["outbox", "list"]).stdout;
    assert!(
        listed.contains("unavailable; sent 1 times; next try after"),
        "{listed}"
    );
    // The advice, obeyed.
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world), ["Conversation: one", "Conversation: two"]);
    // What is left is the clone's branch, which this test does not ship.
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["outbox"]["waiting"], 0, "{status}");
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world).len(), 2);
}

#[test]
fn l06_a_memory_whose_answer_was_lost_is_found_and_not_sent_again() {
    let world = World::new();
    let lost = Fault::DoneBut(Answer::json(502, &json!({"error": "bad gateway"})));
    let line = remember(&world, "continue", vec![lost]);
    assert_eq!(line["verdict"], "queued", "{line}");
    assert_eq!(memories(&world).len(), 1);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world).len(), 1, "it was there");
    // Another memory of the same text is another memory, also when its answer is lost.
    let lost = Fault::DoneBut(Answer::json(502, &json!({"error": "bad gateway"})));
    remember(&world, "continue", vec![lost]);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world).len(), 2);
    // And one that never arrived is sent again.
    remember(&world, "continue", vec![fails(502)]);
    assert_eq!(memories(&world).len(), 2);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world).len(), 3);
}

#[test]
fn l04_a_memory_that_is_refused_is_a_dead_letter_that_status_shows() {
    let world = World::new();
    remember(&world, "one", vec![fails(503)]);
    world.platform.inject([fails(422)]);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    let status = world.run(&["status"]);
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    assert!(
        status
            .stdout
            .contains("refused; see: sendoff outbox show 1"),
        "{}",
        status.stdout
    );
    let shown = world.run(&["outbox", "show", "1"]).stdout;
    assert!(
        shown.contains("given up: refused; to try once more: sendoff outbox flush 1"),
        "{shown}"
    );
    assert_eq!(world.run(&["outbox", "flush", "1"]).code, Some(0));
    assert_eq!(memories(&world), ["Conversation: one"]);
}

#[test]
fn l03_a_token_that_is_refused_is_tried_once_a_run() {
    let world = World::new();
    world.platform.rotate_token("another-token-0123456789");
    let line = remember(&world, "one", vec![]);
    assert_eq!(
        (&line["verdict"], &line["reason"]),
        (&json!("queued"), &json!("auth")),
        "{line}"
    );
    let before = world.platform.log().len();
    assert_eq!(world.run(&["flush"]).code, Some(75));
    assert_eq!(world.platform.log().len(), before + 1);
    world
        .sandbox
        .write("configs/.auth_token", "another-token-0123456789");
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world), ["Conversation: one"]);
}

#[test]
fn l12_a_message_waits_for_the_platform_that_it_was_meant_for() {
    let world = World::new();
    let other = sendoff::demo::platform_server::PlatformServer::start("ws-1", None).unwrap();
    remember(&world, "one", vec![fails(503)]);
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    variables.push(("PLATFORM_URL", other.url().to_string()));
    let said = world.run_in(&world.work(), &["flush"], &variables);
    assert_eq!(said.code, Some(75));
    assert!(other.log().is_empty());
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let hand = rusqlite::Connection::open(database).unwrap();
    let origin = other.url().to_string();
    hand.execute(
        "UPDATE outbox SET origin = ?1",
        [origin.trim_end_matches('/')],
    )
    .unwrap();
    drop(hand);
    world.run_in(&world.work(), &["flush"], &variables);
    assert!(
        other.log().is_empty(),
        "a row that was changed by hand is not sent"
    );
    let status = world.run(&["status"]).stdout;
    assert!(
        status.contains("altered; see: sendoff outbox show 1"),
        "{status}"
    );
}

#[test]
fn a_stale_heartbeat_does_not_overtake_a_newer_one() {
    let world = World::new();
    let beat = |text: &str, faults: Vec<Fault>| {
        world.platform.inject(faults);
        let task = json!({"task": {"input": text}}).to_string();
        world.run_with_input(
            &["step", "heartbeat-set", "--input", "-", "--json"],
            task.as_bytes(),
        )
    };
    let said = beat("old", vec![fails(503)]);
    assert!(said.stdout.contains("\"queued\""), "{}", said.stdout);
    beat("new", vec![]);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    let beats = world.platform.heartbeats();
    let last = beats.last().unwrap();
    assert_eq!((beats.len(), &last["current_task"]), (1, &json!("new")));
}

#[test]
fn n21_a_push_that_reaches_nobody_waits_and_goes_out_with_its_pull_request() {
    let world = World::new();
    let url = format!("{}/acme/rocket.git", world.git.url());
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    let said = world.run(&["run", "post-commit", "--json"]);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(
        (&push["verdict"], said.code),
        (&json!("queued"), Some(75)),
        "{report}"
    );
    assert_eq!(step(&report, "pr-create")["reason"], "needs");
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(
        status["pending"][0]["steps"],
        json!(["push", "pr-create"]),
        "{status}"
    );
    assert_eq!(status["pending"][0]["branch"], "feature/x");
    world.point_to(&url);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(
        (&status["is_out"], &status["pending"]),
        (&json!(true), &json!([]))
    );
}

/// Each question is a round trip, which the pull request waits for.
#[test]
fn a_remote_with_few_refs_is_asked_once_whether_it_took_the_branch() {
    let world = World::new();
    let questions = |file: &str| {
        world.commit(file, "more\n", "More");
        let report = world.report(&["run", "post-commit", "--trigger", "executor"]);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        let log = world.git.log();
        let after_push = log
            .iter()
            .rev()
            .take_while(|request| !request.path.ends_with("/git-receive-pack"));
        let asked = after_push.filter(|request| {
            request.query == "service=git-upload-pack" || request.path.ends_with("/git-upload-pack")
        });
        asked.count()
    };
    let packed = |count: usize| {
        let tip = world.tip("main");
        let refs: Vec<String> = (0..count)
            .map(|number| format!("create refs/tags/t{number} {tip}\n"))
            .collect();
        let bare = world.bare();
        let mut update = world.sandbox.command("git");
        update.args(["update-ref", "--stdin"]).current_dir(&bare);
        let mut child = update.stdin(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), refs.concat().as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    };
    assert_eq!(questions("one"), 1);
    packed(600);
    world
        .sandbox
        .git(world.work(), &["checkout", "-q", "-b", "feature/y"]);
    assert_eq!(questions("two"), 2, "one ref is asked for");
}

/// Stands before a server and counts the connections that it passes on. It ends with the process.
fn counted_connections(server: &str) -> (String, Arc<AtomicUsize>) {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            let upstream = TcpStream::connect(&server).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                (upstream, client),
            ] {
                thread::spawn(move || {
                    let _ended = std::io::copy(&mut from, &mut to);
                    let _closed = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (url, count)
}

/// A new connection is two or three round trips before the question itself.
#[test]
fn the_question_whether_the_branch_arrived_goes_over_the_connection_of_the_push() {
    let world = World::new();
    let (url, connections) = counted_connections(world.git.url().trim_end_matches('/'));
    let login = format!("http://x-access-token:{TOKEN}@");
    let remote = url.replace("http://", &login) + "/acme/rocket.git";
    world.user_policy_with_git_at(&url, "");
    world.point_to(&remote);
    let connections_of_a_push = |verify: &str, attempt: usize| {
        // A new branch: nobody asks for HEAD.
        let branch = format!("feature/{verify}-{attempt}");
        world
            .sandbox
            .git(world.work(), &["checkout", "-q", "-b", &branch]);
        world.commit(&branch.replace('/', "-"), "more\n", "More");
        let before = connections.load(Ordering::SeqCst);
        let verify = format!("steps.push.verify={verify}");
        let report = world.report(&["step", "push", "--set", &verify]);
        assert_eq!(report["verdict"], "done", "{report}");
        connections.load(Ordering::SeqCst) - before
    };
    let questions = || {
        let log = world.git.log().into_iter();
        let asked = log.filter(|request| request.query == "service=git-upload-pack");
        asked.count()
    };
    assert_eq!(connections_of_a_push("never", 0), 1);
    assert_eq!(questions(), 0);
    // A server that ends its response late is not waited for, and on a busy machine this one does.
    let on_the_same = (1..=5).find(|attempt| {
        let took = connections_of_a_push("always", *attempt);
        assert_eq!(questions(), *attempt);
        took == 1
    });
    assert!(on_the_same.is_some(), "each question took a connection of its own");
}

#[test]
fn n23_a_push_that_the_remote_reports_and_does_not_show_is_unverified() {
    let world = World::new();
    // The server takes the push and puts the branch back, as a hook of its own may.
    let script = "#!/bin/sh\ngit update-ref -d refs/heads/feature/x\n";
    world
        .sandbox
        .executable("served/acme/rocket.git/hooks/post-receive", script);
    let report = world.report(&["run", "post-commit", "--trigger", "executor"]);
    let push = step(&report, "push");
    assert_eq!(
        (&push["verdict"], &push["reason"]),
        (&json!("queued"), &json!("unverified")),
        "{report}"
    );
    let summary = push["summary"].as_str().unwrap();
    assert!(summary.ends_with(", and shows no such branch"), "{summary}");
    assert!(world.forge.pulls().is_empty());
    std::fs::remove_file(
        world
            .sandbox
            .path("served/acme/rocket.git/hooks/post-receive"),
    )
    .unwrap();
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.forge.pulls().len(), 1);
    // A worker asks once more for whoever handed the branch over.
    world.commit("later.txt", "later\n", "Later");
    world.sandbox.executable(
        "served/acme/rocket.git/hooks/post-receive",
        "#!/bin/sh\ngit update-ref refs/heads/feature/x refs/heads/feature/x~1\n",
    );
    world.user_policy("[limits]\ndeadline = \"1s\"\n");
    world.run(&["hook", "git-post-commit"]);
    wait_for_workers(&world);
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["pending"][0]["reason"], "unverified", "{status}");
    std::fs::remove_file(
        world
            .sandbox
            .path("served/acme/rocket.git/hooks/post-receive"),
    )
    .unwrap();
    world.user_policy("");
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
    // By hand nobody asks twice, unless the policy wants it.
    let report = world.report(&["run", "post-commit", "--set", "steps.push.verify=always"]);
    assert_eq!(step(&report, "push")["verdict"], "done");
}

#[test]
fn f02_a_pull_request_that_exists_and_is_not_listed_yet_is_found_later() {
    let world = World::new();
    let exists = json!({
        "message": "Validation Failed",
        "errors": [{"resource": "PullRequest", "code": "custom",
                    "message": "A pull request already exists for acme:feature/x."}]
    });
    world.forge.inject([
        Fault::Pass,
        Fault::DoneBut(Answer::json(422, &exists)),
        Fault::Instead(Answer::json(200, &json!([]))),
    ]);
    let report = world.report(&["run", "post-commit", "--set", "branches.base=main"]);
    let line = step(&report, "pr-create");
    assert_eq!(
        (&line["verdict"], &line["reason"]),
        (&json!("queued"), &json!("unlisted")),
        "{report}"
    );
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(world.forge.pulls().len(), 1);
}

#[test]
fn a_run_is_in_the_history_and_shown_as_bars() {
    let world = World::new();
    let report = world.report(&["run", "post-commit"]);
    let id = report["run_id"].as_str().unwrap();
    let listed = world.run(&["history"]).stdout;
    assert!(listed.starts_with(&id[..23]), "{listed}");
    assert!(listed.contains("post-commit  feature/x"), "{listed}");
    let shown = world.run(&["history", id]).stdout;
    assert!(
        shown.contains("push       |") && shown.contains('█'),
        "{shown}"
    );
    let again = world.run(&["history", id, "--json"]).report();
    assert_eq!(again["steps"], report["steps"]);
    let said = world.run(&["history", "nothing"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr.contains("`sendoff history` lists them"),
        "{}",
        said.stderr
    );
}

/// Guards that what a full outbox has no room for waits where the hook kept it, and goes out in order.
#[test]
fn l09_what_a_full_outbox_does_not_take_waits_as_it_was_handed_over() {
    for cap in ["messages = 2", "size = \"250B\""] {
        let world = World::new();
        let pipeline = "[pipelines]\npost-task = [\"memory-commit\", \"push\"]\n";
        world.user_policy(&format!(
            "[limits]\ndeadline = \"1s\"\n[store]\n{cap}\n{pipeline}"
        ));
        world.platform.rotate_token("another");
        let input = |number: u32| format!("{number} {}", "x".repeat(60));
        for number in 1..=4 {
            let task = json!({"task": {"input": input(number)}}).to_string();
            let said = world.run_with_input(&["hook", "executor"], task.as_bytes());
            assert_eq!(
                (said.code, said.stderr.lines().count() <= 1),
                (Some(0), true)
            );
            wait_for_workers(&world);
        }
        let status = world.run(&["status", "--json"]).report();
        assert_eq!(status["outbox"]["waiting"], 2, "{cap}: {status}");
        assert_eq!(
            status["handed_over"].as_array().unwrap().len(),
            2,
            "{cap}: {status}"
        );
        assert!(memories(&world).is_empty());
        world.platform.rotate_token(TOKEN);
        super::killed::settle(&world);
        let sent = (1..=4).map(|number| format!("Conversation: {}", input(number)));
        assert_eq!(memories(&world), sent.collect::<Vec<_>>(), "{cap}");
    }
}
