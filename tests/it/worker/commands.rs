//! What the commands say of what is kept when they are asked for something that is not there, and that what they advise helps.

use serde_json::json;

use crate::world::{World, step};

/// Lets memories wait for the platform, which refuses the token.
fn with_memories(count: usize) -> World {
    let world = World::new();
    world.platform.rotate_token("another");
    for number in 1..=count {
        let task = json!({"task": {"input": number.to_string()}}).to_string();
        let arguments = ["step", "memory-commit", "--input", "-"];
        world.run_with_input(&arguments, task.as_bytes());
    }
    world
}

#[test]
fn a_message_is_named_by_a_number_that_the_list_shows() {
    let world = with_memories(3);
    for command in ["show", "flush", "drop"] {
        let said = world.run(&["outbox", command, "9"]);
        assert_eq!(
            (said.stdout.as_str(), said.stderr.as_str(), said.code),
            (
                "",
                "no message in the outbox has the number 9; `sendoff outbox list` shows them\n",
                Some(64)
            ),
            "{command}"
        );
    }
    // The advice, obeyed.
    let listed = world.run(&["outbox", "list", "--json"]).stdout;
    let ids: Vec<String> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
        .collect();
    let [first, second, _] = &ids[..] else {
        panic!("{listed}");
    };
    let shown = world.run(&["outbox", "show", second]);
    assert!(shown.stdout.contains("Conversation: 2"), "{}", shown.stdout);
    assert_eq!(world.run(&["outbox", "flush", second]).code, Some(75));
    let said = world.run(&["outbox", "drop", first]);
    assert_eq!(
        (said.stdout.as_str(), said.code),
        ("dropped 1 message\n", Some(0))
    );
    let said = world.run(&["outbox", "drop", "--all"]);
    assert_eq!(
        (said.stdout.as_str(), said.code),
        ("dropped 2 messages\n", Some(0))
    );
    assert_eq!(world.run(&["outbox", "list"]).stdout, "");
    world.platform.rotate_token(crate::world::TOKEN);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    assert!(world.platform.memories().is_empty());
}

#[test]
fn a_run_is_named_by_as_much_of_its_id_as_tells_it_from_others() {
    let world = World::new();
    let report = world.report(&["run", "post-commit"]);
    world.report(&["run", "post-commit"]);
    let id = report["run_id"].as_str().unwrap();
    let said = world.run(&["history", &id[..4]]);
    assert_eq!(
        (said.stderr, said.code),
        (
            format!(
                "more than one run has an id that begins with `{}`: give more of it\n",
                &id[..4]
            ),
            Some(64)
        )
    );
    // The advice, obeyed.
    let shown = world.run(&["history", &id[..30]]);
    assert!(shown.stdout.starts_with(id), "{}", shown.stdout);
    assert_eq!(
        world
            .run(&["history", "--limit", "1"])
            .stdout
            .lines()
            .count(),
        1
    );
}

#[test]
fn who_waits_in_vain_is_told() {
    let world = World::new();
    world.run(&["outbox", "list"]);
    let said = world.run(&["status", "--wait", "10ms"]);
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str(), said.code),
        (
            "",
            "nothing was reported on in time; see: sendoff status\n",
            Some(75)
        )
    );
    // The run that it waits for is the one that is named.
    let answer = world.run(&["hook", "git-post-commit", "--json"]).report();
    let run = answer["run_id"].as_str().unwrap();
    world.commit("later.txt", "later\n", "Later");
    world.run(&["hook", "git-post-commit"]);
    let report = world
        .run(&["status", run, "--wait", "60s", "--json"])
        .report();
    assert_eq!(report["verdict"], "done", "{report}");
    let url = step(&report, "pr-create")["outputs"]["url"].as_str();
    assert!(url.unwrap().ends_with("/pull/1"), "{report}");
}

/// Guards the advice of a message that was given up for its age, which was given up again at once.
#[test]
fn a_message_that_is_too_old_is_sent_when_it_is_named() {
    let world = with_memories(1);
    let database = world.sandbox.path("home/.local/state/sendoff/store.db");
    let store = rusqlite::Connection::open(database).unwrap();
    let older = "UPDATE outbox SET created_at = created_at - 40 * 24 * 3600000";
    store.execute(older, ()).unwrap();
    world.platform.rotate_token(crate::world::TOKEN);
    assert_eq!(world.run(&["flush"]).code, Some(0));
    let shown = world.run(&["outbox", "show", "1"]).stdout;
    assert!(
        shown.contains("given up: too-old; to try once more: sendoff outbox flush 1"),
        "{shown}"
    );
    assert!(world.platform.memories().is_empty());
    // The advice, obeyed.
    assert_eq!(world.run(&["outbox", "flush", "1"]).code, Some(0));
    assert_eq!(world.platform.memories().len(), 1);
    assert_eq!(world.run(&["outbox", "list"]).stdout, "");
}
