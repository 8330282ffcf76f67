//! Messages to the platform that fail in passing wait, and go out once and in order.

use sendoff::demo::{Answer, Fault};
use serde_json::{Value, json};

use crate::program::run;
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

/// Guards that a memory is not given up for what is wrong on this side of the way: the platform never saw it.
#[test]
fn a_memory_that_cannot_leave_waits_until_the_way_is_free() {
    let world = World::new();
    let task = json!({"task": {"input": "Fix it"}}).to_string();
    let arguments = ["run", "--input", "-", "--json"];
    let mut without_configuration = world.variables();
    without_configuration.push(("GIT_CONFIG_COUNT", "many".into()));
    let go = |variables: &[(&str, String)]| {
        let work = world.work();
        let said = run(
            &world.sandbox,
            &work,
            &arguments,
            variables,
            task.as_bytes(),
        );
        let line = step(&said.report(), "memory-commit").clone();
        (
            line["verdict"].clone(),
            line["reason"].clone(),
            line["advice"].clone(),
        )
    };
    let again = "it is sent again by itself; to try now: sendoff flush";
    let (verdict, reason, advice) = go(&without_configuration);
    assert_eq!(
        (verdict, reason),
        (json!("queued"), json!("bad-environment"))
    );
    let first = "check the git configuration: git config --list --show-origin";
    assert_eq!(advice, json!(format!("{first}; {again}")));
    // Corrected.
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert_eq!(memories(&world), ["Conversation: Fix it"]);
    // What answers there does not prove who it is.
    let url = world.platform.url().to_string().replace("http:", "https:");
    world.user_policy(&format!("[platform]\nurl = \"{url}\"\n"));
    let (verdict, reason, advice) = go(&world.variables());
    assert_eq!(
        (verdict, reason),
        (json!("queued"), json!("tls")),
        "{advice}"
    );
}

/// Guards that a memory whose answer was a redirect is given up and not posted again: who redirects can have acted.
#[test]
fn a_memory_that_was_answered_with_a_redirect_is_not_sent_again() {
    let world = World::new();
    let moved = Answer::json(302, &json!({})).header("location", "https://elsewhere.invalid/");
    let line = remember(&world, "one", vec![Fault::Instead(moved)]);
    assert_eq!(
        (&line["verdict"], &line["reason"]),
        (&json!("failed"), &json!("redirect-refused")),
        "{line}"
    );
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert!(memories(&world).is_empty());
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["outbox"]["waiting"], 0, "{status}");
}
