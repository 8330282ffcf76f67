//! Pushes and pull requests that fail in passing wait, and go out once; whether a push arrived is asked of the remote.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sendoff::demo::{Answer, Fault};
use serde_json::json;

use crate::world::{TOKEN, World, step};

use super::wait_for_workers;

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
    // On a busy machine a connection may not be free again when the next request begins.
    let on_one = (1..=5).any(|attempt| connections_of_a_push("never", attempt) == 1);
    assert!(on_one, "each request took a connection of its own");
    assert_eq!(questions(), 0);
    // A server that ends its response late is not waited for, and on a busy machine this one does.
    let on_the_same = (1..=5).find(|attempt| {
        let took = connections_of_a_push("always", *attempt);
        assert_eq!(questions(), *attempt);
        took == 1
    });
    assert!(
        on_the_same.is_some(),
        "each question took a connection of its own"
    );
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
    world.user_policy("[limits]\ndeadline = \"5s\"\n");
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
